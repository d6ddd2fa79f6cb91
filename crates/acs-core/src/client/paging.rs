use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{Client, Product};
use crate::error::Error;
use crate::operation::Paginated;
use crate::response::Response;
use crate::runtime::BoxFuture;

/// The items of all pages, fetched as they are asked for.
///
/// Made by [`Client::items`]. A [`Stream`], and without one's adapters: [`next`](Self::next). After an error it ends.
#[must_use = "nothing is sent before the first item is asked for"]
pub struct Items<P, O: Paginated> {
    client: Client<P>,
    state: State<O>,
    ready: std::vec::IntoIter<O::Item>,
}

enum State<O: Paginated> {
    Ask(Box<O>),
    Wait(BoxFuture<'static, Page<O>>),
    End,
}

/// What was asked for, and how it was answered.
struct Page<O: Paginated> {
    asked: Box<O>,
    answer: Result<Response<O::Output>, Error>,
}

impl<P: Product> Client<P> {
    /// Lists the items of an operation that answers in pages, from the page that `operation` asks for on.
    ///
    /// ```no_run
    /// # async fn example<P: acs_core::Product, O>(client: acs_core::Client<P>, list: O) -> Result<(), acs_core::Error>
    /// # where O: acs_core::operation::Paginated<Product = P> + 'static, O::Item: std::fmt::Debug + Unpin {
    /// let mut items = client.items(list);
    /// while let Some(item) = items.next().await {
    ///     println!("{:?}", item?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn items<O: Paginated<Product = P> + 'static>(&self, operation: O) -> Items<P, O> {
        Items {
            client: self.clone(),
            state: State::Ask(Box::new(operation)),
            ready: Vec::new().into_iter(),
        }
    }
}

impl<P, O> Items<P, O>
where
    P: Product,
    O: Paginated<Product = P> + 'static,
    O::Item: Unpin,
{
    /// Returns the next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<O::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<P, O> Stream for Items<P, O>
where
    P: Product,
    O: Paginated<Product = P> + 'static,
    O::Item: Unpin,
{
    type Item = Result<O::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.ready.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match std::mem::replace(&mut this.state, State::End) {
                State::End => return Poll::Ready(None),
                State::Ask(asked) => {
                    let client = this.client.clone();
                    this.state = State::Wait(Box::pin(async move {
                        let answer = client.send((*asked).clone()).await;
                        Page { asked, answer }
                    }));
                }
                State::Wait(mut page) => {
                    let Poll::Ready(Page { asked, answer }) = page.as_mut().poll(context) else {
                        this.state = State::Wait(page);
                        return Poll::Pending;
                    };
                    let output = match answer {
                        Ok(answer) => answer.into_inner(),
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    if let Some(next) = asked.next_page(&output) {
                        this.state = State::Ask(Box::new(next));
                    }
                    this.ready = O::into_items(output).into_iter();
                }
            }
        }
    }
}

impl<P, O: Paginated> fmt::Debug for Items<P, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}

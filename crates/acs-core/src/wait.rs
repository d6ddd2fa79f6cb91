//! Waits until the service has ended something: asks for its state again and again, less and less often.
//!
//! A [`Waiter`] says which field of an answer holds the state, and which states are ends. Generated operations come
//! with some, `GetVideoInfo::UNTIL_NORMAL` say; [`Client::wait_for`] does the waiting, on the client's own clock.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::client::Client;
use crate::endpoint::Product;
use crate::error::{Error, ErrorKind};
use crate::model::{FieldValue, View};
use crate::operation::Operation;
use crate::response::Response;
use crate::runtime::Runtime;

/// How an operation's answer tells that something has ended, and how often to ask.
///
/// It asks at once, again after 2 s, then each time after 1.5 times as long, at least every 30 s, for six hours at
/// most, unless it is told otherwise. Each wait is shortened by up to a quarter at random, so that many who began
/// together do not ask together.
pub struct Waiter<O> {
    ends: Ends,
    first_wait: Duration,
    longest_wait: Duration,
    deadline: Duration,
    operation: PhantomData<fn() -> O>,
}

/// What an answer is judged by.
#[derive(Clone, Copy, Debug)]
struct Ends {
    state: &'static [&'static str],
    missing: &'static [&'static str],
    success: &'static [&'static str],
    failure: &'static [&'static str],
}

impl<O> Waiter<O> {
    /// Makes a waiter: `state` is the way to the text that tells the state, by the names of fields
    /// (`["JobList", "State"]`), `success` and `failure` are the states that end the waiting. Where lists are on the way, all
    /// of their items must have ended; a state that is neither is waited for.
    pub const fn new(
        state: &'static [&'static str],
        success: &'static [&'static str],
        failure: &'static [&'static str],
    ) -> Self {
        Self {
            ends: Ends {
                state,
                missing: &[],
                success,
                failure,
            },
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(30),
            deadline: Duration::from_secs(6 * 3_600),
            operation: PhantomData,
        }
    }

    /// Names the list of what the service does not know: an item in it ends the waiting with an error.
    #[must_use]
    pub const fn missing(mut self, missing: &'static [&'static str]) -> Self {
        self.ends.missing = missing;
        self
    }

    /// Sets the first and the longest wait between two questions; none is shorter than 100 ms.
    #[must_use]
    pub const fn waits(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    /// Sets how long is waited in all.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl<O> Clone for Waiter<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Waiter<O> {}

impl<O> fmt::Debug for Waiter<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("ends", &self.ends)
            .field("first_wait", &self.first_wait)
            .field("longest_wait", &self.longest_wait)
            .field("deadline", &self.deadline)
            .finish()
    }
}

/// Why a waiting ended without success. It becomes an [`Error`] by `?`, and keeps the last answer until then.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError<T> {
    /// It has ended, and not well: the answer says why.
    Failed {
        /// The state that it ended in; of several, the first that is a failure.
        state: String,
        /// The last answer.
        response: Box<Response<T>>,
    },
    /// The deadline passed. What was waited for goes on at the service: wait again, with a later one.
    TimedOut {
        /// The state that it was in; empty where the answer told none.
        state: String,
        /// The last answer.
        response: Box<Response<T>>,
    },
    /// A question failed for good, was still failing at the deadline, or named what the service does not know.
    Call(Error),
}

impl<T> fmt::Display for WaitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { state, .. } => write!(f, "what was waited for ended as `{state}`"),
            Self::TimedOut { state, .. } => {
                write!(
                    f,
                    "what was waited for has not ended; its state is `{state}`"
                )
            }
            Self::Call(error) => error.fmt(f),
        }
    }
}

impl<T: fmt::Debug> std::error::Error for WaitError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            _ => None,
        }
    }
}

impl<T> From<WaitError<T>> for Error {
    /// Makes an error of the kind [`Failed`](ErrorKind::Failed), [`Timeout`](ErrorKind::Timeout) or the question's own.
    fn from(error: WaitError<T>) -> Self {
        let kind = match error {
            WaitError::Call(error) => return error,
            WaitError::Failed { .. } => ErrorKind::Failed,
            WaitError::TimedOut { .. } => ErrorKind::Timeout,
        };
        Self::new(kind, error.to_string())
    }
}

impl<P: Product> Client<P> {
    /// Sends an operation again and again until its answer tells that what it asks for has ended, and returns that
    /// answer. Dropping the future ends the waiting; the work goes on at the service.
    ///
    /// ```no_run
    /// # use acs_core::wait::Waiter;
    /// # async fn example<P: acs_core::Product, O>(client: acs_core::Client<P>, query: O, until_ended: Waiter<O>)
    /// # -> Result<(), acs_core::Error>
    /// # where O: acs_core::operation::Operation<Product = P> + Clone {
    /// let until_ended = until_ended.deadline(std::time::Duration::from_secs(600));
    /// let ended = client.wait_for(query, until_ended).await?;
    /// println!("{ended:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`WaitError`]: it ended as a failure, the deadline passed, or a question failed for good.
    pub async fn wait_for<O>(
        &self,
        operation: O,
        waiter: Waiter<O>,
    ) -> Result<Response<O::Output>, WaitError<O::Output>>
    where
        O: Operation<Product = P> + Clone,
    {
        let mut pace = Pace::new(&waiter, &**self.runtime());
        loop {
            let response = match self.send(operation.clone()).await {
                Ok(response) => response,
                // A cut of the network is no end of what is waited for.
                Err(error) if error.is_retryable() => {
                    let Some(wait) = pace.next(&**self.runtime()) else {
                        return Err(WaitError::Call(error));
                    };
                    self.runtime().sleep(wait).await;
                    continue;
                }
                Err(error) => return Err(WaitError::Call(error)),
            };
            let state = match judge(&*response, &waiter.ends) {
                Verdict::Success => return Ok(response),
                Verdict::Failure(state) => {
                    return Err(WaitError::Failed {
                        state,
                        response: Box::new(response),
                    });
                }
                Verdict::Missing(id) => {
                    let text = format!("the service knows no `{id}` in this region");
                    let error = Error::new(ErrorKind::Failed, text);
                    return Err(WaitError::Call(error.with_action(O::INFO.action)));
                }
                Verdict::Pending(state) => state,
            };
            let Some(wait) = pace.next(&**self.runtime()) else {
                return Err(WaitError::TimedOut {
                    state,
                    response: Box::new(response),
                });
            };
            drop(response);
            self.runtime().sleep(wait).await;
        }
    }
}

/// No waiter asks more often than this.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// No waiter asks less often than this.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// When to ask again.
struct Pace {
    wait: Duration,
    longest: Duration,
    end: Duration,
}

impl Pace {
    fn new<O>(waiter: &Waiter<O>, runtime: &dyn Runtime) -> Self {
        Self {
            wait: waiter.first_wait.clamp(SHORTEST_WAIT, LONGEST_WAIT),
            longest: waiter.longest_wait.clamp(SHORTEST_WAIT, LONGEST_WAIT),
            end: runtime.elapsed().saturating_add(waiter.deadline),
        }
    }

    /// The wait before the next question, or nothing where it would come too late.
    fn next(&mut self, runtime: &dyn Runtime) -> Option<Duration> {
        let mut random = [0];
        runtime.fill_random(&mut random);
        let shortened = self.wait.mul_f64(1.0 - f64::from(random[0]) / 1_020.0);
        let wait = shortened.max(SHORTEST_WAIT);
        self.wait = self.wait.mul_f64(1.5).min(self.longest);
        (runtime.elapsed().saturating_add(wait) < self.end).then_some(wait)
    }
}

#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    Pending(String),
    Success,
    Failure(String),
    Missing(String),
}

fn judge(answer: &dyn FieldValue, ends: &Ends) -> Verdict {
    let mut missing = Vec::new();
    if !ends.missing.is_empty() {
        collect(&answer.view(), ends.missing, &mut missing);
    }
    if let Some(id) = missing.into_iter().find(|id| !id.is_empty()) {
        return Verdict::Missing(id);
    }
    let mut states = Vec::new();
    collect(&answer.view(), ends.state, &mut states);
    let is_end = |state: &String| {
        ends.success.contains(&state.as_str()) || ends.failure.contains(&state.as_str())
    };
    if states.is_empty() || !states.iter().all(is_end) {
        let open = states.into_iter().find(|state| !is_end(state));
        return Verdict::Pending(open.unwrap_or_default());
    }
    let failed = states
        .into_iter()
        .find(|state| ends.failure.contains(&state.as_str()));
    failed.map_or(Verdict::Success, Verdict::Failure)
}

/// Gathers the texts at the end of a way. Where it ends early, in an item without a value or a list without items,
/// there is an empty text: what is there and tells nothing has not ended.
fn collect(view: &View<'_>, way: &[&str], out: &mut Vec<String>) {
    match (view, way.split_first()) {
        (View::List(list), _) if list.is_empty() => out.push(String::new()),
        (View::List(list), _) => {
            for item in (0..list.len()).filter_map(|index| list.item(index)) {
                collect(&item.view(), way, out);
            }
        }
        (View::Object(model), Some((name, rest))) => {
            let fields = model.schema().fields;
            if let Some(index) = fields.iter().position(|field| field.name == *name) {
                collect(&model.get(index).view(), rest, out);
            }
        }
        (View::Text(text), None) => out.push(text.clone().into_owned()),
        (View::Absent, _) => out.push(String::new()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Job {
        state: Option<String>,
        parts: Option<Vec<Self>>,
    }

    #[derive(Clone, Default)]
    struct Jobs {
        jobs: Vec<Job>,
        unknown: Option<Vec<String>>,
    }

    crate::model! {
        Job {
            0 state: string("State"),
            1 parts: list("Parts"),
        }
    }

    crate::model! {
        Jobs {
            0 jobs: list("Jobs"),
            1 unknown: list("Unknown"),
        }
    }

    const ENDS: Ends = Ends {
        state: &["Jobs", "State"],
        missing: &["Unknown"],
        success: &["Done"],
        failure: &["Broken"],
    };

    fn jobs(states: &[Option<&str>]) -> Jobs {
        let job = |state: &Option<&str>| Job {
            state: state.map(str::to_owned),
            parts: None,
        };
        Jobs {
            jobs: states.iter().map(job).collect(),
            unknown: None,
        }
    }

    #[test]
    fn all_items_of_a_list_must_have_ended() {
        for (states, expected) in [
            (&[][..], Verdict::Pending(String::new())),
            (&[Some("Done")], Verdict::Success),
            (
                &[Some("Done"), Some("Running")],
                Verdict::Pending("Running".into()),
            ),
            (&[Some("Done"), None], Verdict::Pending(String::new())),
            (
                &[Some("Broken"), Some("Running")],
                Verdict::Pending("Running".into()),
            ),
            (
                &[Some("Done"), Some("Broken")],
                Verdict::Failure("Broken".into()),
            ),
        ] {
            assert_eq!(judge(&jobs(states), &ENDS), expected, "{states:?}");
        }
    }

    #[test]
    fn an_item_that_ends_the_way_early_has_not_ended() {
        let ends = Ends {
            state: &["Jobs", "Parts", "State"],
            ..ENDS
        };
        let done = jobs(&[Some("Done")]).jobs;
        for (parts, expected) in [
            (&[Some(done.clone())][..], Verdict::Success),
            (&[Some(done.clone()), None], Verdict::Pending(String::new())),
            (
                &[Some(done.clone()), Some(Vec::new())],
                Verdict::Pending(String::new()),
            ),
        ] {
            let job = |parts: &Option<Vec<Job>>| Job {
                state: None,
                parts: parts.clone(),
            };
            let answer = Jobs {
                jobs: parts.iter().map(job).collect(),
                unknown: None,
            };
            assert_eq!(judge(&answer, &ends), expected, "{parts:?}");
        }
    }

    #[test]
    fn what_the_service_does_not_know_is_not_waited_for() {
        let answer = Jobs {
            unknown: Some(vec!["id".into()]),
            ..jobs(&[Some("Done")])
        };
        assert_eq!(judge(&answer, &ENDS), Verdict::Missing("id".into()));
    }
}

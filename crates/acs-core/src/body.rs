use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;

use crate::error::BoxError;

/// The body of a request or an answer: bytes at hand, or a stream of them.
pub struct Body(Inner);

enum Inner {
    Full(Bytes),
    Stream(BoxBody<Bytes, BoxError>),
}

impl Body {
    /// Makes a body without bytes.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// Makes a body that streams; its size hint gives `Content-Length`.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Inner::Stream(body.map_err(Into::into).boxed()))
    }

    /// Makes a body of bytes at hand that are given to the transport in pieces, and counts what it takes. Where they
    /// are so few that it takes them at once anyway, there is nothing to count.
    pub(crate) fn in_pieces(bytes: Bytes) -> (Self, Option<Arc<Taken>>) {
        if bytes.len() <= AT_ONCE {
            return (Self::from(bytes), None);
        }
        let taken = Arc::new(Taken {
            bytes: AtomicU64::new(0),
            total: bytes.len() as u64,
        });
        let pieces = Pieces {
            rest: bytes,
            taken: Arc::clone(&taken),
        };
        (Self::stream(pieces), Some(taken))
    }

    /// Returns the bytes if they are all at hand, else the body itself.
    #[cfg(feature = "__reqwest")]
    pub(crate) fn into_bytes(self) -> Result<Bytes, Self> {
        match self.0 {
            Inner::Full(bytes) => Ok(bytes),
            Inner::Stream(_) => Err(self),
        }
    }

    /// Collects the body, at most `limit` bytes.
    ///
    /// # Errors
    /// [`CollectError::TooLarge`] when there are more, and the rest is not read; [`CollectError::Read`] when the body breaks off.
    pub async fn collect(self, limit: usize) -> Result<Bytes, CollectError> {
        self.collect_counted(limit, &AtomicU64::new(0)).await
    }

    /// Collects the body, and counts its bytes as they arrive.
    pub(crate) async fn collect_counted(
        mut self,
        limit: usize,
        arrived: &AtomicU64,
    ) -> Result<Bytes, CollectError> {
        let mut first: Option<Bytes> = None;
        let mut all = Vec::new();
        let mut length = 0_usize;
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame.map_err(CollectError::Read)?.into_data() else {
                continue;
            };
            length = length.saturating_add(data.len());
            arrived.store(length as u64, Ordering::Relaxed);
            if length > limit {
                return Err(CollectError::TooLarge { limit });
            }
            // Most answers come in one piece: that piece is kept as it is.
            match (&first, all.is_empty()) {
                (None, true) => first = Some(data),
                (Some(piece), true) => {
                    all.reserve_exact(length.max(self.size_hint_total(length)).min(limit));
                    all.extend_from_slice(piece);
                    all.extend_from_slice(&data);
                }
                _ => append(&mut all, &data, limit)?,
            }
        }
        Ok(if all.is_empty() {
            first.unwrap_or_default()
        } else {
            all.into()
        })
    }

    fn size_hint_total(&self, read: usize) -> usize {
        usize::try_from(self.size_hint().lower()).map_or(read, |rest| read.saturating_add(rest))
    }
}

/// Appends to what was read before, as long as there is no more than `limit`; nor is memory taken for more.
pub(crate) fn append(all: &mut Vec<u8>, data: &[u8], limit: usize) -> Result<(), CollectError> {
    let length = all.len().saturating_add(data.len());
    if length > limit {
        return Err(CollectError::TooLarge { limit });
    }
    if length > all.capacity() {
        let room = all.capacity().saturating_mul(2).clamp(length, limit);
        all.reserve_exact(room - all.len());
    }
    all.extend_from_slice(data);
    Ok(())
}

/// So much fits into what sockets and HTTP libraries hold.
const AT_ONCE: usize = 64 << 10;
/// So little that a slow link takes several in the time that its pace is judged by.
pub(crate) const PIECE: u16 = 1 << 10;

/// What a transport has taken of a body.
#[derive(Debug)]
pub(crate) struct Taken {
    bytes: AtomicU64,
    total: u64,
}

impl Taken {
    /// Returns how many bytes were taken; nothing once all are.
    pub(crate) fn so_far(&self) -> Option<u64> {
        Some(self.bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes < self.total)
    }
}

struct Pieces {
    rest: Bytes,
    taken: Arc<Taken>,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE.into());
        let piece = self.rest.split_to(length);
        self.taken.bytes.fetch_add(length as u64, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Why a body could not be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The body has more bytes than the limit.
    #[error("the body has more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body broke off.
    #[error("the body broke off")]
    Read(#[source] BoxError),
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Full(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Inner::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Inner::Stream(stream) => Pin::new(stream).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Full(bytes) => bytes.is_empty(),
            Inner::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Stream(stream) => stream.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("bytes", &self.size_hint().exact())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_takes_no_more_memory_than_its_limit() {
        for limit in [0, 1, 7, 1_000, 10_000] {
            for piece in [1, 3, 999] {
                let (data, mut all) = (vec![7; piece], Vec::new());
                while append(&mut all, &data, limit).is_ok() {
                    assert!(all.len() <= limit && all.capacity() <= limit);
                }
                assert_eq!(all.len(), limit / piece * piece);
                assert!(all.iter().all(|byte| *byte == 7));
            }
        }
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_collected_whole_up_to_its_limit() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
        for limit in [200_000, 200_001, usize::MAX] {
            let (body, _) = Body::in_pieces(bytes.clone().into());
            assert_eq!(body.collect(limit).await.unwrap(), bytes);
        }
        let (body, _) = Body::in_pieces(bytes.into());
        let failed = body.collect(199_999).await.unwrap_err();
        assert!(matches!(failed, CollectError::TooLarge { limit: 199_999 }));
    }
}

//! Bodies: what the emulator answers with, and how it takes in what it is sent.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncSeekExt as _, ReadBuf};

/// The answer's body: bytes at hand, or a stretch of a file read as it is sent.
pub(crate) enum Body {
    Bytes(Full<Bytes>),
    File(FileBody),
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self::Bytes(Full::default())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Bytes(Full::new(bytes.into()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Bytes(full) => Pin::new(full)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::File(file) => Pin::new(file).poll_frame(cx),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(full) => full.size_hint(),
            Self::File(file) => SizeHint::with_exact(file.remaining),
        }
    }
}

/// A stretch of a file.
pub(crate) struct FileBody {
    file: File,
    remaining: u64,
    buffer: BytesMut,
}

impl FileBody {
    /// How much is read at once: enough to keep the pool of blocking threads out of the way.
    const CHUNK: u64 = 256 * 1024;

    /// Opens `length` bytes of `path` from `offset` on.
    pub(crate) async fn open(path: &Path, offset: u64, length: u64) -> io::Result<Self> {
        let mut file = File::open(path).await?;
        file.seek(io::SeekFrom::Start(offset)).await?;
        Ok(Self {
            file,
            remaining: length,
            buffer: BytesMut::new(),
        })
    }

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.remaining == 0 {
            return Poll::Ready(None);
        }
        let wanted = this.remaining.min(Self::CHUNK);
        // `wanted` is at most CHUNK, which fits any usize.
        this.buffer.resize(wanted as usize, 0);
        let mut buffer = ReadBuf::new(&mut this.buffer);
        ready!(Pin::new(&mut this.file).poll_read(cx, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            // Somebody cut the file short while it was being sent.
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        this.remaining -= read as u64;
        let chunk = this.buffer.split_to(read).freeze();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}

/// Reads a whole request body of at most `limit` bytes; `None` if it is larger or breaks off.
pub(crate) async fn collect(body: &mut Incoming, limit: usize) -> Option<Bytes> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            if all.len() + data.len() > limit {
                return None;
            }
            all.extend_from_slice(&data);
        }
    }
    Some(all.freeze())
}

/// Reads and drops what is left of a request body.
///
/// A client that is still sending would otherwise lose the answer to a connection reset.
pub(crate) async fn drain(body: &mut Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

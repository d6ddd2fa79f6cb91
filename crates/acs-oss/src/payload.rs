//! What a request sends: bytes that can be had again for each attempt.

use std::fmt;
use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use acs_core::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::crc64::Crc64;

/// How much goes to the transport at once: so little that a link of 1 KB/s is seen to move within the idle limit.
const FRAME_BYTES: usize = 16 << 10;
/// How much of a file is read at once; one such piece is read ahead.
const READ_BYTES: usize = 256 << 10;

/// Bytes to send, at hand or in a file; each attempt reads them anew.
///
/// A stretch of a file is read in pieces while it is sent, each by its own offset: stretches of one file can be
/// sent at once, and take less than 1 MiB of memory each. Reading uses tokio's blocking threads.
#[derive(Clone)]
pub struct Payload(Source);

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    File {
        file: Arc<File>,
        offset: u64,
        length: u64,
    },
}

impl Payload {
    /// Takes `length` bytes of a file from `offset` on. If the file turns out to be shorter, the request fails.
    pub fn file(file: Arc<File>, offset: u64, length: u64) -> Self {
        Self(Source::File {
            file,
            offset,
            length,
        })
    }

    /// Returns how many bytes there are.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File { length, .. } => *length,
        }
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Starts to read: returns a body for one attempt, and the record of what it handed over.
    pub(crate) fn open(&self) -> (Body, Arc<Sent>) {
        let sent = Arc::new(Sent::default());
        let reader = match &self.0 {
            Source::Bytes(bytes) => Reader::Bytes(bytes.clone()),
            Source::File { file, offset, .. } => Reader::File {
                file: Arc::clone(file),
                next_offset: *offset,
                piece: Bytes::new(),
                reading: None,
            },
        };
        let outgoing = Outgoing {
            reader,
            unsent: self.len(),
            crc: Crc64::new(),
            sent: Arc::clone(&sent),
        };
        if self.is_empty() {
            sent.finish(0);
            return (Body::empty(), sent);
        }
        (Body::stream(outgoing), sent)
    }
}

impl<T: Into<Bytes>> From<T> for Payload {
    fn from(bytes: T) -> Self {
        Self(Source::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("bytes", &self.len())
            .finish_non_exhaustive()
    }
}

/// What of a body was handed to the transport so far.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    bytes: AtomicU64,
    crc: AtomicU64,
    is_whole: AtomicBool,
    failure: Mutex<Option<io::Error>>,
}

impl Sent {
    /// Returns how many bytes were handed over.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns the CRC-64 of the body; `None` while not all of it was handed over.
    pub(crate) fn crc64(&self) -> Option<u64> {
        self.is_whole
            .load(Ordering::Acquire)
            .then(|| self.crc.load(Ordering::Relaxed))
    }

    /// Says whether the whole body was handed over.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Acquire)
    }

    /// Returns why the source could not be read, if that is what broke the request.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn advance(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn finish(&self, crc: u64) {
        self.crc.store(crc, Ordering::Relaxed);
        self.is_whole.store(true, Ordering::Release);
    }

    /// Keeps the failure for the caller, and returns a like one for the transport.
    fn fail(&self, error: io::Error) -> BoxError {
        let shown = io::Error::new(error.kind(), "the source of the body could not be read");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        shown.into()
    }
}

/// The body of one attempt: reads, computes the CRC of what it hands over, and keeps count.
struct Outgoing {
    reader: Reader,
    unsent: u64,
    crc: Crc64,
    sent: Arc<Sent>,
}

enum Reader {
    Bytes(Bytes),
    File {
        file: Arc<File>,
        /// Where the next piece is to be read.
        next_offset: u64,
        /// What was read and not yet handed over.
        piece: Bytes,
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
}

impl Outgoing {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        match &mut self.reader {
            Reader::Bytes(rest) => Poll::Ready(Ok(split_frame(rest))),
            Reader::File {
                file,
                next_offset,
                piece,
                reading,
            } => {
                if piece.is_empty() {
                    let task = match reading {
                        Some(task) => task,
                        None => reading.insert(read_piece(file, *next_offset, self.unsent)),
                    };
                    *piece = ready!(Pin::new(task).poll(context)).map_err(io::Error::other)??;
                    *next_offset += piece.len() as u64;
                    let left = self.unsent - piece.len() as u64;
                    *reading = (left > 0).then(|| read_piece(file, *next_offset, left));
                }
                Poll::Ready(Ok(split_frame(piece)))
            }
        }
    }
}

fn split_frame(bytes: &mut Bytes) -> Bytes {
    bytes.split_to(bytes.len().min(FRAME_BYTES))
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.unsent == 0 {
            return Poll::Ready(None);
        }
        match ready!(self.poll_piece(context)) {
            Ok(piece) => {
                self.crc.update(&piece);
                self.unsent -= piece.len() as u64;
                self.sent.advance(piece.len());
                if self.unsent == 0 {
                    self.sent.finish(self.crc.value());
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(error) => Poll::Ready(Some(Err(self.sent.fail(error)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.unsent == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.unsent)
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if let Reader::File {
            reading: Some(task),
            ..
        } = &self.reader
        {
            task.abort();
        }
    }
}

fn read_piece(file: &Arc<File>, offset: u64, left: u64) -> JoinHandle<io::Result<Bytes>> {
    let file = Arc::clone(file);
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(READ_BYTES);
    spawn_blocking(move || {
        let mut piece = vec![0; length];
        read_exact_at(&file, &mut piece, offset)?;
        Ok(piece.into())
    })
}

fn read_exact_at(file: &File, mut piece: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !piece.is_empty() {
        match read_at(file, piece, offset) {
            Ok(0) => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the file became shorter while it was read",
                ));
            }
            Ok(read) => {
                piece = &mut piece[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, piece: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, piece, offset)
}

#[cfg(windows)]
fn read_at(file: &File, piece: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, piece, offset)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    async fn collected(payload: &Payload) -> (Vec<u8>, Arc<Sent>) {
        let (body, sent) = payload.open();
        (body.collect(usize::MAX).await.unwrap().to_vec(), sent)
    }

    #[tokio::test]
    async fn a_stretch_of_a_file_is_read_as_it_stands_there_and_again() {
        let content: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        let payload = Payload::file(Arc::new(file), 1_234, 700_000);
        for _ in 0..2 {
            let (read, sent) = collected(&payload).await;
            assert!(read == content[1_234..701_234]);
            assert_eq!(sent.crc64(), Some(Crc64::of(&read)));
            assert_eq!(sent.bytes(), 700_000);
        }
    }

    #[tokio::test]
    async fn a_file_that_is_shorter_than_promised_fails() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"short").unwrap();
        let (body, sent) = Payload::file(Arc::new(file), 0, 6).open();
        body.collect(usize::MAX).await.unwrap_err();
        assert_eq!(
            sent.take_failure().unwrap().kind(),
            io::ErrorKind::UnexpectedEof
        );
        assert_eq!(sent.crc64(), None);
    }

    #[tokio::test]
    async fn bytes_go_out_as_they_are() {
        let content = vec![7_u8; 3 * FRAME_BYTES + 5];
        let (read, sent) = collected(&Payload::from(content.clone())).await;
        assert!(read == content);
        assert_eq!(sent.crc64(), Some(Crc64::of(&content)));
        let (empty, sent) = collected(&Payload::from(Vec::new())).await;
        assert!(empty.is_empty() && sent.is_whole());
    }
}

//! What may not be signed: line breaks, names that are no tokens.

use crate::chunk::{self, Halves};
use crate::error::{Error, ErrorKind};

/// What to do with a carriage return, a line feed or a NUL in a parameter's value.
///
/// The schemes that percent-encode parameters twice over the wire and the signature (ACS3, RPC V1, OSS V4) can carry
/// them safely, a video description of two lines for one; an identifier has none, so refusing is the default. Headers
/// never allow them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineBreaks {
    /// Refuse the request with [`ErrorKind::ControlCharacter`].
    #[default]
    Refuse,
    /// Percent-encode them like any other byte.
    Encode,
}

/// Whether `text` has a carriage return, a line feed or a NUL.
#[inline]
pub(crate) fn has_line_break(text: &str) -> bool {
    chunk::has_control(text.as_bytes()) && text.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0))
}

/// Checks a required value that goes into a header or a line of its own.
pub(crate) fn value(field: &'static str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::new(ErrorKind::Empty, field));
    }
    if has_line_break(value) {
        return Err(Error::new(ErrorKind::ControlCharacter, field));
    }
    Ok(())
}

/// Checks an HTTP method.
#[inline(always)]
pub(crate) fn method(method: &str) -> Result<(), Error> {
    if matches!(method, "GET" | "PUT" | "POST" | "HEAD" | "DELETE") {
        return Ok(());
    }
    if method.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "method"));
    }
    if !is_token(method) {
        return Err(Error::new(ErrorKind::NotAToken, "method"));
    }
    Ok(())
}

/// Checks the name of a header.
pub(crate) fn header_name(name: &str) -> Result<(), Error> {
    if !is_token(name) {
        return Err(Error::named(ErrorKind::NotAToken, "header", name));
    }
    Ok(())
}

/// Checks that a value is there; whoever writes it checks it for line breaks.
pub(crate) fn not_empty(field: &'static str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::new(ErrorKind::Empty, field));
    }
    Ok(())
}

/// Whether `name` is a token of RFC 9110 section 5.6.2.
fn is_token(name: &str) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut i = 0;
        while i < 256 {
            let b = i as u8;
            table[i] = b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                );
            i += 1;
        }
        table
    };
    !name.is_empty() && (is_plain(name) || name.bytes().all(|b| TOKEN[usize::from(b)]))
}

/// Whether `name` could be a bucket's: nothing in it would be percent-encoded, and there is no `~`.
pub(crate) fn is_bucket(name: &str) -> bool {
    Halves::<8>::of_short(name.as_bytes()).is_some_and(Halves::<8>::are_plain::<false>)
        || (is_plain(name) && !name.contains('~'))
}

/// Whether nothing in `name` would be percent-encoded.
pub(crate) fn is_plain(name: &str) -> bool {
    let name = name.as_bytes();
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        let (chunks, _) = name[chunk::LEN..].as_chunks();
        return chunk::is_plain::<false>(first)
            && chunk::is_plain::<false>(last)
            && chunks.iter().all(chunk::is_plain::<false>);
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    Halves::<8>::of(name).is_some_and(Halves::<8>::are_plain::<false>) || name.iter().all(plain)
}

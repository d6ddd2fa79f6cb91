//! What an error must not show of the request, should the other side send it back, however it writes it.

use std::borrow::Cow;

use super::sign::Signature;
use crate::credentials::Credentials;
use crate::error::ServiceError;

/// The secrets that went out with a request: a security token or a bearer token, and the signature.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    pub(super) credentials: Option<Credentials>,
    pub(super) signature: Option<Signature>,
}

const REDACTED: &[u8] = b"<redacted>";

impl Secrets {
    fn all(&self) -> impl Iterator<Item = &[u8]> {
        let credentials = self.credentials.as_ref();
        let token = credentials.and_then(Credentials::security_token);
        let bearer = credentials.and_then(Credentials::bearer);
        [token, bearer]
            .into_iter()
            .flatten()
            .map(str::as_bytes)
            .chain(self.signature.as_ref().map(|it| &it[..]))
            .filter(|secret| !secret.is_empty())
    }

    /// Takes the secrets out of bytes: as they are, percent-encoded, escaped for JSON or XML, and one in the other.
    pub(super) fn taken_out_of<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut shown = Cow::Borrowed(bytes);
        for secret in self.all() {
            if let Some(without) = without(&shown, secret) {
                shown = Cow::Owned(without);
            }
        }
        shown
    }

    /// As for bytes; a text without secrets stays as it is.
    pub(super) fn take_out(&self, text: &mut String) {
        if let Cow::Owned(shown) = self.taken_out_of(text.as_bytes()) {
            *text = String::from_utf8_lossy(&shown).into_owned();
        }
    }

    /// Takes the secrets out of what was decoded.
    pub(super) fn take_out_of_error(&self, error: &mut ServiceError) {
        self.take_out(&mut error.code);
        self.take_out(&mut error.message);
        let others = [
            &mut error.request_id,
            &mut error.recommend,
            &mut error.string_to_sign,
        ];
        others
            .into_iter()
            .flatten()
            .for_each(|text| self.take_out(text));
        if let Some(denied) = &mut error.access_denied {
            denied.texts().for_each(|text| self.take_out(text));
        }
    }
}

/// Returns bytes without a secret; nothing where they don't hold it.
fn without(bytes: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let first = *secret.first()?;
    // However it is written, it takes no fewer bytes than it has.
    if bytes.len() < secret.len() {
        return None;
    }
    let mut shown = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        let may_begin = bytes[at] == first || matches!(bytes[at], b'\\' | b'%' | b'&' | b' ');
        match may_begin.then(|| length_of(secret, &bytes[at..])).flatten() {
            Some(length) => {
                shown.extend_from_slice(&bytes[copied..at]);
                shown.extend_from_slice(REDACTED);
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    shown.extend_from_slice(&bytes[copied..]);
    Some(shown)
}

/// Returns how many bytes a secret takes at the start of some; nothing where they don't begin with it.
fn length_of(secret: &[u8], bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for wanted in secret {
        at += length_of_byte(*wanted, &bytes[at..])?;
    }
    Some(at)
}

fn length_of_byte(wanted: u8, bytes: &[u8]) -> Option<usize> {
    /// Encoded, and encoded again, and once more.
    const MOST_TIMES: usize = 3;
    let (mut byte, mut at) = unescaped(bytes)?;
    for _ in 0..MOST_TIMES {
        // A form writes a blank as `+`.
        if byte == wanted || (wanted, byte) == (b'+', b' ') {
            return Some(at);
        }
        if byte != b'%' {
            return None;
        }
        byte = 0;
        for _ in 0..2 {
            let (digit, length) = unescaped(&bytes[at..])?;
            byte = byte * 16 + u8::try_from(char::from(digit).to_digit(16)?).ok()?;
            at += length;
        }
    }
    (byte == wanted).then_some(at)
}

/// Reads one byte as JSON or XML would, and says how many it takes.
fn unescaped(bytes: &[u8]) -> Option<(u8, usize)> {
    /// A text in a text in a text has seven.
    const MOST_BACKSLASHES: usize = 7;
    if bytes.starts_with(b"&#") {
        let end = bytes.iter().take(10).position(|byte| *byte == b';')?;
        let digits = std::str::from_utf8(&bytes[2..end]).ok()?;
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        return Some((number.ok()?, end + 1));
    }
    let backslashes = bytes
        .iter()
        .take(MOST_BACKSLASHES)
        .take_while(|byte| **byte == b'\\')
        .count();
    let byte = *bytes.get(backslashes)?;
    if backslashes > 0 && byte == b'u' {
        let digits = bytes.get(backslashes + 1..backslashes + 5)?;
        let number = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        return Some((number, backslashes + 5));
    }
    Some((byte, backslashes + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "CAISabc/def+ghi==";

    fn shown(credentials: Credentials, text: &str) -> String {
        let secrets = Secrets {
            credentials: Some(credentials),
            signature: Some([b'7'; 64]),
        };
        let mut text = text.to_owned();
        secrets.take_out(&mut text);
        text
    }

    #[test]
    fn a_token_is_taken_out_however_it_is_written() {
        for form in [
            r"CAISabc/def+ghi==",
            r"CAISabc\/def+ghi\u003d\u003D",
            r"\u0043\u0041IS\u0061bc\u002fdef\u002bghi\u003d\u003d",
            r"CAISabc\\\/def+ghi==",
            "CAISabc%2Fdef%2Bghi%3D%3D",
            "CAISabc%2fdef%2bghi%3d%3d",
            "CAISabc%252Fdef%252Bghi%253D%253D",
            r"CAISabc\u00252Fdef%2Bghi%3D%3D",
            "CAISabc&#47;def&#x2B;ghi&#x3d;=",
            "CAISabc/def ghi==",
        ] {
            let sts = Credentials::sts("STS.id", "secret", TOKEN).unwrap();
            let bearer = Credentials::bearer_token(TOKEN).unwrap();
            let text = format!("é\\\" {form}, {form}% and {}", "7".repeat(64));
            let expected = "é\\\" <redacted>, <redacted>% and <redacted>";
            assert_eq!(shown(sts.clone(), form), "<redacted>");
            assert_eq!(shown(sts, &text), expected, "{form}");
            assert_eq!(shown(bearer, &text), expected, "{form}");
        }
    }

    #[test]
    fn a_text_without_secrets_stays_as_it_is() {
        let text = r"CAISabc/def+ghi= \ \\\\\\\\\\ \u %C &# 100% &";
        let sts = Credentials::sts("STS.id", "secret", TOKEN).unwrap();
        assert_eq!(shown(sts, text), text);
    }
}

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

use super::{FieldValue, Slot, View};

/// A value that the wire carries as a text.
pub trait Text: Send + Sync {
    /// Writes the text.
    fn text(&self) -> Cow<'_, str>;

    /// Reads the text; says whether it was one of this type.
    #[must_use]
    fn set_text(&mut self, text: &str) -> bool;
}

/// A point in time, in UTC.
///
/// Written to the second, as `2026-11-20T09:05:30Z`. Read from that form, with fractions of a second, with another
/// offset, without seconds (`2026-11-20T09:05Z`), and with a blank between date and time, which is taken as UTC.
pub type Timestamp = DateTime<Utc>;

/// Reads a time in one of the forms that services send.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    if let Some(time) = parse_usual(text) {
        return Some(time);
    }
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(bare, form).ok())
        .or_else(|| {
            NaiveDate::parse_from_str(bare, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
        })
        .map(|time| time.and_utc())
}

/// `2026-11-20T09:05:30Z`, which nearly all of them are.
fn parse_usual(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let marks = [
        bytes[4], bytes[7], bytes[10], bytes[13], bytes[16], bytes[19],
    ];
    if marks != *b"--T::Z" {
        return None;
    }
    let two = |at: usize| {
        let (tens, ones) = (
            bytes[at].wrapping_sub(b'0'),
            bytes[at + 1].wrapping_sub(b'0'),
        );
        (tens <= 9 && ones <= 9).then(|| u32::from(tens * 10 + ones))
    };
    // Invariant: four digits are no more than an i32 holds.
    let year = (two(0)? * 100 + two(2)?) as i32;
    let date = NaiveDate::from_ymd_opt(year, two(5)?, two(8)?)?;
    let time = date.and_hms_opt(two(11)?, two(14)?, two(17)?)?;
    Some(time.and_utc())
}

impl Text for Timestamp {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    fn set_text(&mut self, text: &str) -> bool {
        parse_timestamp(text).map(|time| *self = time).is_some()
    }
}

/// A list that the wire carries as one text with commas between the items: ids, mostly.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct CommaList(pub Vec<String>);

impl Text for CommaList {
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.0.join(","))
    }

    fn set_text(&mut self, text: &str) -> bool {
        self.0 = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect();
        true
    }
}

impl From<&str> for CommaList {
    /// Takes one item, or several with commas between them.
    fn from(text: &str) -> Self {
        let mut list = Self::default();
        let _ = list.set_text(text);
        list
    }
}

impl From<String> for CommaList {
    /// Takes one item, or several with commas between them.
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<T: Into<String>> From<Vec<T>> for CommaList {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for CommaList {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<String>> FromIterator<T> for CommaList {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().map(Into::into).collect())
    }
}

macro_rules! text_values {
    ($($type:ty),*) => {$(
        impl FieldValue for $type {
            fn view(&self) -> View<'_> {
                View::Text(self.text())
            }

            fn slot(&mut self) -> Slot<'_> {
                Slot::Text(self)
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    )*};
}

text_values!(Timestamp, CommaList);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_usual_form_is_read_as_chrono_reads_it(text in "[0-9]{4}-(0[0-9]|1[0-3])-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9]Z") {
            let chronos = DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc());
            prop_assert_eq!(parse_usual(&text), chronos);
        }
    }
}

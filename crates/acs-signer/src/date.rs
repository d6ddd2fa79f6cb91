//! Dates as the schemes spell them, without allocation.
//!
//! All are UTC with whole seconds: ISO 8601 extended (`x-acs-date`, `Timestamp`), ISO 8601 basic (OSS V4) and the HTTP
//! date (ROA V1, OSS V1). See `docs/signing.md`, "Shared rules".

use crate::error::{Error, ErrorKind};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Timelike as _, Utc, Weekday};
use std::fmt;
use std::ops::Deref;

/// A date in its written form, `N` ASCII bytes kept inline; it dereferences to `str`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateText<const N: usize>([u8; N]);

impl<const N: usize> DateText<N> {
    /// The written form, in ASCII.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Deref for DateText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        // Written by the functions below, in ASCII only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Debug for DateText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<const N: usize> fmt::Display for DateText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Writes `yyyy-MM-ddTHH:mm:ssZ`.
///
/// # Errors
/// [`ErrorKind::OutOfRange`] for a year outside 0 to 9999.
#[inline]
pub fn iso8601(date: DateTime<Utc>) -> Result<DateText<20>, Error> {
    let mut text = *b"0000-00-00T00:00:00Z";
    let date = date.naive_utc();
    let [century, year] = year(date)?;
    put(&mut text, 0, century);
    put(&mut text, 2, year);
    put(&mut text, 5, date.month());
    put(&mut text, 8, date.day());
    put(&mut text, 11, date.hour());
    put(&mut text, 14, date.minute());
    put(&mut text, 17, date.second());
    Ok(DateText(text))
}

/// Writes `yyyyMMddTHHmmssZ`; its first eight bytes are the day of an OSS V4 scope.
///
/// # Errors
/// [`ErrorKind::OutOfRange`] for a year outside 0 to 9999.
#[inline]
pub fn iso8601_basic(date: DateTime<Utc>) -> Result<DateText<16>, Error> {
    let mut text = *b"00000000T000000Z";
    let date = date.naive_utc();
    let [century, year] = year(date)?;
    put(&mut text, 0, century);
    put(&mut text, 2, year);
    put(&mut text, 4, date.month());
    put(&mut text, 6, date.day());
    put(&mut text, 9, date.hour());
    put(&mut text, 11, date.minute());
    put(&mut text, 13, date.second());
    Ok(DateText(text))
}

/// Writes `EEE, dd MMM yyyy HH:mm:ss GMT` (RFC 9110 section 5.6.7).
///
/// # Errors
/// [`ErrorKind::OutOfRange`] for a year outside 0 to 9999.
#[inline]
pub fn http(date: DateTime<Utc>) -> Result<DateText<29>, Error> {
    let mut text = *b"Mon, 00 Jan 0000 00:00:00 GMT";
    let date = date.naive_utc();
    let [century, year] = year(date)?;
    let weekday = match date.weekday() {
        Weekday::Mon => b"Mon",
        Weekday::Tue => b"Tue",
        Weekday::Wed => b"Wed",
        Weekday::Thu => b"Thu",
        Weekday::Fri => b"Fri",
        Weekday::Sat => b"Sat",
        Weekday::Sun => b"Sun",
    };
    text[..3].copy_from_slice(weekday);
    put(&mut text, 5, date.day());
    text[8..11].copy_from_slice(MONTHS[date.month0() as usize].as_bytes());
    put(&mut text, 12, century);
    put(&mut text, 14, year);
    put(&mut text, 17, date.hour());
    put(&mut text, 20, date.minute());
    put(&mut text, 23, date.second());
    Ok(DateText(text))
}

/// Reads `yyyy-MM-ddTHH:mm:ssZ`, and nothing looser.
pub fn parse_iso8601(text: &str) -> Option<DateTime<Utc>> {
    let t: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let frame = [t[4], t[7], t[10], t[13], t[16], t[19]];
    if frame != *b"--T::Z" {
        return None;
    }
    let year = 100 * take(t, 0)? + take(t, 2)?;
    at(
        year,
        take(t, 5)?,
        take(t, 8)?,
        [take(t, 11)?, take(t, 14)?, take(t, 17)?],
    )
}

/// Reads `yyyyMMddTHHmmssZ`, and nothing looser.
pub fn parse_iso8601_basic(text: &str) -> Option<DateTime<Utc>> {
    let t: &[u8; 16] = text.as_bytes().try_into().ok()?;
    if t[8] != b'T' || t[15] != b'Z' {
        return None;
    }
    let year = 100 * take(t, 0)? + take(t, 2)?;
    at(
        year,
        take(t, 4)?,
        take(t, 6)?,
        [take(t, 9)?, take(t, 11)?, take(t, 13)?],
    )
}

/// Reads `EEE, dd MMM yyyy HH:mm:ss GMT`. The day of the week must be one, but is not checked against the date, as
/// servers don't.
pub fn parse_http(text: &str) -> Option<DateTime<Utc>> {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let t: &[u8; 29] = text.as_bytes().try_into().ok()?;
    let frame = [t[3], t[4], t[7], t[11], t[16], t[19], t[22]];
    if frame != *b",    ::" || &t[25..] != b" GMT" || !DAYS.contains(&&t[..3]) {
        return None;
    }
    let month = MONTHS.iter().position(|m| m.as_bytes() == &t[8..11])?;
    let year = 100 * take(t, 12)? + take(t, 14)?;
    at(
        year,
        u32::try_from(month).ok()? + 1,
        take(t, 5)?,
        [take(t, 17)?, take(t, 20)?, take(t, 23)?],
    )
}

/// Century and year of the century.
#[inline]
fn year(date: NaiveDateTime) -> Result<[u32; 2], Error> {
    match u32::try_from(date.year()) {
        Ok(year @ 0..=9999) => Ok([year / 100, year % 100]),
        _ => Err(Error::new(ErrorKind::OutOfRange, "date")),
    }
}

/// Writes a number below 100 as two digits.
#[inline]
fn put(text: &mut [u8], at: usize, number: u32) {
    let number = number as u8;
    text[at] = b'0' + number / 10;
    text[at + 1] = b'0' + number % 10;
}

/// Reads two digits.
fn take(text: &[u8], at: usize) -> Option<u32> {
    match text[at..at + 2] {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    }
}

fn at(year: u32, month: u32, day: u32, [hour, minute, second]: [u32; 3]) -> Option<DateTime<Utc>> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some(date.and_hms_opt(hour, minute, second)?.and_utc())
}

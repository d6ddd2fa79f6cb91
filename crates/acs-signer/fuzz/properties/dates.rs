//! A date that is read is written the same, and a date that is written is read the same.

use acs_signer::ErrorKind;
use acs_signer::date::{
    http, iso8601, iso8601_basic, parse_http, parse_iso8601, parse_iso8601_basic,
};
use chrono::{DateTime, Datelike as _, NaiveDateTime, Utc};

/// Takes `data` once as the text of a date and once as seconds since 1970; returns whether the text is a date.
pub(crate) fn run(data: &[u8]) -> bool {
    if let Some(seconds) = data.first_chunk() {
        // Twice the range that can be written, around it.
        let seconds = i64::from_be_bytes(*seconds) % 600_000_000_000;
        DateTime::from_timestamp(seconds, 0)
            .into_iter()
            .for_each(written_then_read);
    }
    str::from_utf8(data).is_ok_and(read_then_written)
}

fn read_then_written(text: &str) -> bool {
    let dates = [
        parse_iso8601(text),
        parse_iso8601_basic(text),
        parse_http(text),
    ];
    if let Some(date) = dates[0] {
        assert_eq!(&*iso8601(date).unwrap(), text);
        assert_eq!(by_chrono(text, "%Y-%m-%dT%H:%M:%SZ"), Some(date));
    }
    if let Some(date) = dates[1] {
        assert_eq!(&*iso8601_basic(date).unwrap(), text);
        assert_eq!(by_chrono(text, "%Y%m%dT%H%M%SZ"), Some(date));
    }
    if let Some(date) = dates[2] {
        // The day of the week may be wrong.
        assert_eq!(http(date).unwrap()[3..], text[3..]);
        assert_eq!(by_chrono(&text[5..], "%d %b %Y %H:%M:%S GMT"), Some(date));
    }
    let forms = dates.iter().flatten().count();
    assert!(forms <= 1, "{text} can be read in {forms} ways");
    forms == 1
}

fn written_then_read(date: DateTime<Utc>) {
    if !(0..=9999).contains(&date.year()) {
        for error in [
            iso8601(date).err(),
            iso8601_basic(date).err(),
            http(date).err(),
        ] {
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::OutOfRange));
        }
        return;
    }
    assert_eq!(parse_iso8601(&iso8601(date).unwrap()), Some(date));
    assert_eq!(
        parse_iso8601_basic(&iso8601_basic(date).unwrap()),
        Some(date)
    );
    assert_eq!(parse_http(&http(date).unwrap()), Some(date));
}

/// What a looser parser makes of it.
fn by_chrono(text: &str, format: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, format)
        .ok()
        .map(|date| date.and_utc())
}

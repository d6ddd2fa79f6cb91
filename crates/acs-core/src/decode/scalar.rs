//! Scalars in each other's clothes. `Ok(false)` means that there is nothing: the value is to be cleared.

use super::fill::Fault;
use crate::model::{Slot, Text};

/// Reads a text into a slot.
pub(super) fn set_text(slot: Slot<'_>, text: &str) -> Result<bool, Fault> {
    match slot {
        Slot::String(out) => text.clone_into(out),
        Slot::Json(out) => *out = serde_json::Value::from(text),
        Slot::Bytes(out) => *out = bytes::Bytes::copy_from_slice(text.as_bytes()),
        Slot::Nothing => {}
        _ if text.trim().is_empty() => return Ok(false),
        Slot::Text(out) => return Ok(set(out, text)),
        Slot::Integer32(out) => *out = narrow(integer(text)?)?,
        Slot::Integer(out) => *out = integer(text)?,
        Slot::Float(out) => *out = float(text)?,
        Slot::Boolean(out) => *out = boolean(text)?,
        Slot::Object(_) | Slot::Map(_) => {
            return Err(Fault::new("expected an object, found a string"));
        }
        Slot::List(_) => return Err(Fault::new("expected a list, found a string")),
    }
    Ok(true)
}

/// Reads a text into what has a form of its own; says whether it had that form. A time in another is absent rather than
/// the end of the whole answer; the raw body has it.
pub(super) fn set(out: &mut dyn Text, text: &str) -> bool {
    !text.trim_start().is_empty() && out.set_text(text)
}

/// Reads a number, as it was written, into a slot.
pub(super) fn set_number(slot: Slot<'_>, number: &str) -> Result<bool, Fault> {
    match slot {
        Slot::Integer32(out) => *out = narrow(whole_number(number)?)?,
        Slot::Integer(out) => *out = whole_number(number)?,
        Slot::Float(out) => *out = float(number)?,
        Slot::Boolean(out) => *out = float(number)? != 0.0,
        Slot::Json(out) => {
            *out = serde_json::from_str(number).map_err(|_| Fault::new("number out of range"))?;
        }
        Slot::Object(_) | Slot::Map(_) => {
            return Err(Fault::new("expected an object, found a number"));
        }
        Slot::List(_) => return Err(Fault::new("expected a list, found a number")),
        slot => return set_text(slot, number),
    }
    Ok(true)
}

/// Reads a truth value into a slot.
pub(super) fn set_boolean(slot: Slot<'_>, is: bool) -> Result<bool, Fault> {
    match slot {
        Slot::Boolean(out) => *out = is,
        Slot::Integer32(out) => *out = i32::from(is),
        Slot::Integer(out) => *out = i64::from(is),
        Slot::Float(out) => *out = f64::from(u8::from(is)),
        Slot::Json(out) => *out = is.into(),
        Slot::Object(_) | Slot::Map(_) => {
            return Err(Fault::new("expected an object, found a truth value"));
        }
        Slot::List(_) => return Err(Fault::new("expected a list, found a truth value")),
        slot => return set_text(slot, if is { "true" } else { "false" }),
    }
    Ok(true)
}

fn integer(text: &str) -> Result<i64, Fault> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    if let Ok(is) = boolean(text) {
        return Ok(i64::from(is));
    }
    float(text)
        .and_then(whole)
        .map_err(|_| Fault::new("expected a whole number, found another text"))
}

fn float(text: &str) -> Result<f64, Fault> {
    let number: Option<f64> = text.trim().parse().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| Fault::new("expected a number, found another text"))
}

fn boolean(text: &str) -> Result<bool, Fault> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::new("expected true or false, found another text")),
    }
}

fn whole_number(number: &str) -> Result<i64, Fault> {
    match number.parse() {
        Ok(number) => Ok(number),
        Err(_) => float(number).and_then(whole),
    }
}

/// A whole number that came with a point; up to 2^53 nothing was lost on the way.
fn whole(number: f64) -> Result<i64, Fault> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Ok(number as i64);
    }
    Err(Fault::new("expected a whole number, found another"))
}

fn narrow(number: i64) -> Result<i32, Fault> {
    i32::try_from(number).map_err(|_| Fault::new("the number is too large for 32 bits"))
}

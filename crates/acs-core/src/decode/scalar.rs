//! Scalars in each other's clothes. `Ok(false)` means that there is nothing: the value is to be cleared.

use crate::model::Slot;

/// Reads a text into a slot.
pub(super) fn set_text(slot: Slot<'_>, text: &str) -> Result<bool, String> {
    match slot {
        Slot::String(out) => text.clone_into(out),
        Slot::Json(out) => *out = serde_json::Value::from(text),
        Slot::Bytes(out) => *out = bytes::Bytes::copy_from_slice(text.as_bytes()),
        Slot::Nothing => {}
        _ if text.trim().is_empty() => return Ok(false),
        // A time in a form of its own is absent rather than the end of the whole answer; the raw body has it.
        Slot::Text(out) => return Ok(out.set_text(text)),
        Slot::Integer32(out) => *out = narrow(integer(text)?)?,
        Slot::Integer(out) => *out = integer(text)?,
        Slot::Float(out) => *out = float(text)?,
        Slot::Boolean(out) => *out = boolean(text)?,
        Slot::Object(_) | Slot::Map(_) => {
            return Err("expected an object, found a string".to_owned());
        }
        Slot::List(_) => return Err("expected a list, found a string".to_owned()),
    }
    Ok(true)
}

/// Reads a whole number into a slot.
pub(super) fn set_integer(slot: Slot<'_>, number: i64) -> Result<bool, String> {
    match slot {
        Slot::Integer32(out) => *out = narrow(number)?,
        Slot::Integer(out) => *out = number,
        Slot::Float(out) => *out = number as f64,
        Slot::Boolean(out) => *out = number != 0,
        Slot::Json(out) => *out = number.into(),
        Slot::Object(_) | Slot::Map(_) => {
            return Err("expected an object, found a number".to_owned());
        }
        Slot::List(_) => return Err("expected a list, found a number".to_owned()),
        slot => return set_text(slot, &number.to_string()),
    }
    Ok(true)
}

/// Reads a number into a slot.
pub(super) fn set_float(slot: Slot<'_>, number: f64) -> Result<bool, String> {
    match slot {
        Slot::Integer32(out) => *out = narrow(whole(number)?)?,
        Slot::Integer(out) => *out = whole(number)?,
        Slot::Float(out) => *out = number,
        Slot::Boolean(out) => *out = number != 0.0,
        Slot::Json(out) => *out = number.into(),
        Slot::Object(_) | Slot::Map(_) => {
            return Err("expected an object, found a number".to_owned());
        }
        Slot::List(_) => return Err("expected a list, found a number".to_owned()),
        slot => return set_text(slot, &number.to_string()),
    }
    Ok(true)
}

/// Reads a truth value into a slot.
pub(super) fn set_boolean(slot: Slot<'_>, is: bool) -> Result<bool, String> {
    match slot {
        Slot::Boolean(out) => *out = is,
        Slot::Integer32(out) => *out = i32::from(is),
        Slot::Integer(out) => *out = i64::from(is),
        Slot::Float(out) => *out = f64::from(u8::from(is)),
        Slot::Json(out) => *out = is.into(),
        Slot::Object(_) | Slot::Map(_) => {
            return Err("expected an object, found a truth value".to_owned());
        }
        Slot::List(_) => return Err("expected a list, found a truth value".to_owned()),
        slot => return set_text(slot, if is { "true" } else { "false" }),
    }
    Ok(true)
}

fn integer(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    if let Ok(is) = boolean(text) {
        return Ok(i64::from(is));
    }
    float(text)
        .and_then(whole)
        .map_err(|_| "expected a whole number, found another text".to_owned())
}

fn float(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| "expected a number, found another text".to_owned())
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("expected true or false, found another text".to_owned()),
    }
}

/// A whole number that came with a point; up to 2^53 nothing was lost on the way.
fn whole(number: f64) -> Result<i64, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        return Ok(number as i64);
    }
    Err("expected a whole number, found another".to_owned())
}

fn narrow(number: i64) -> Result<i32, String> {
    i32::try_from(number).map_err(|_| "the number is too large for 32 bits".to_owned())
}

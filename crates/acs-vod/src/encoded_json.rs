//! JSON in base64, the form of UploadAddress, UploadAuth and PlayAuth.

use acs_core::Error;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Some senders leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64 of JSON. `field` names the text in errors, which never show any of it.
pub(crate) fn decode<T: DeserializeOwned>(field: &'static str, text: &str) -> Result<T, Error> {
    let packed: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect(),
    );
    if packed.is_empty() {
        return Err(Error::invalid_parameter(field, "must not be empty"));
    }
    let json = LENIENT.decode(&*packed).map(Zeroizing::new).map_err(|_| {
        Error::invalid_parameter(field, "is not base64: pass it on as VOD returned it")
    })?;
    serde_json::from_slice(&json).map_err(|error| {
        // The error's own text can quote a value.
        Error::invalid_parameter(
            field,
            format!(
                "does not hold the JSON it should: see its column {}",
                error.column()
            ),
        )
    })
}

/// Returns a value that must be there.
pub(crate) fn required<T: AsRef<str>>(field: &'static str, value: Option<T>) -> Result<T, Error> {
    value
        .filter(|text| !text.as_ref().is_empty())
        .ok_or_else(|| Error::invalid_parameter(field, "is missing"))
}

#[cfg(test)]
pub(crate) fn encode(json: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(json)
}

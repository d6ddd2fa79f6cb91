//! VOD event callbacks.

use super::case::Case;
use acs_signer::PrivateKey;
use acs_signer::vod_callback::{self, Claim};

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let url = case.required("callback_url")?;
    let key = PrivateKey::new(case.required("private_key")?).map_err(|e| e.to_string())?;
    let timestamp =
        u64::try_from(case.number("timestamp")?).map_err(|_| "input.timestamp is out of range")?;
    let signed = vod_callback::sign(url, timestamp, &key).map_err(|e| e.to_string())?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("signature", signed.signature())?;
    case.map_stage("headers", &signed.headers(), &[])?;
    let old = PrivateKey::new("another key").map_err(|e| e.to_string())?;
    match Claim::parse(&signed.headers()).map(|claim| claim.verify(url, &[&old, &key])) {
        Ok(Ok(1)) => Ok(()),
        Ok(_) => Err("verification: the signature does not match".to_owned()),
        Err(e) => Err(format!("verification: {e}")),
    }
}

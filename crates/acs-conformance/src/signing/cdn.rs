//! CDN and VOD URL signing, types A, B and C.

use super::case::Case;
use acs_signer::PrivateKey;
use acs_signer::cdn::{self, Claim, Digits, Form, Kind, Type};
use chrono::DateTime;

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let key = PrivateKey::new(case.required("private_key")?).map_err(|e| e.to_string())?;
    let date = DateTime::from_timestamp(case.number("timestamp")?, 0)
        .ok_or("input.timestamp is no date")?;
    let (kind, of_type) = match case.required("type")? {
        "A" => {
            let (rand, uid) = (
                case.text("rand").unwrap_or("0"),
                case.text("uid").unwrap_or("0"),
            );
            (Kind::A, Type::A { rand, uid })
        }
        "B" => (Kind::B, Type::B),
        "C" => {
            let form = match case.text("form") {
                Some("query") => Form::Query,
                _ => Form::Path,
            };
            let digits = match case.text("hex_case") {
                Some("upper") => Digits::Upper,
                _ => Digits::Lower,
            };
            (Kind::C, Type::C { form, digits })
        }
        _ => return Err("input.type is not known".to_owned()),
    };
    let signed =
        cdn::sign(case.required("url")?, of_type, date, &key).map_err(|e| e.to_string())?;
    case.stage("formatted_timestamp", signed.time())?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("md5hash", signed.hash())?;
    let auth_key = signed
        .url()
        .rsplit_once("auth_key=")
        .map_or("", |(_, value)| value);
    case.stage("auth_key", auth_key)?;
    case.stage("signed_url", signed.url())?;
    let claim = Claim::parse(signed.url(), kind).map_err(|e| format!("verification: {e}"))?;
    claim
        .verify(&[&key])
        .map(|_| ())
        .map_err(|e| format!("verification: {e}"))
}

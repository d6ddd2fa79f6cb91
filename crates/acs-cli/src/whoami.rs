//! `acs whoami`: whose credentials these are.

use acs_core::ProvideCredentials as _;
use serde_json::json;

use crate::args::Whoami;
use crate::connect::Place;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) async fn run(args: &Whoami) -> Result<(), Failure> {
    let report = Report::new(args.common.json);
    let place = Place::of(&args.common)?;
    let chain = acs_credentials::default_chain();
    let credentials = chain.credentials().await?;
    let identity = place.sts(credentials.clone())?.send(acs_sts::GetCallerIdentity::new()).await?;
    report.result(&json!({
        "identity_type": identity.identity_type,
        "account_id": identity.account_id,
        "arn": identity.arn,
        "credentials_from": credentials.provider(),
        "expires_at": credentials.expires_at().map(|end| end.to_rfc3339()),
        "request_id": identity.request_id(),
    }));
    if identity.identity_type == "Account" {
        report.warning("these are keys of the account itself, which can do everything: use a RAM user's key in programs");
    }
    Ok(())
}

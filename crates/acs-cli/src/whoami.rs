//! `acs whoami`: whose credentials these are, and where they were found.

use acs_core::ProvideCredentials as _;
use acs_credentials::{Chain, Context, StepOutcome, StepReport};
use serde_json::{Value, json};

use crate::args::Whoami;
use crate::connect::Place;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) async fn run(args: &Whoami) -> Result<(), Failure> {
    let report = Report::new(args.common.json);
    let place = Place::of(&args.common)?;
    let steps = match args.explain {
        true => Chain::standard().explain(&Context::system()).await,
        false => Vec::new(),
    };
    for step in &steps {
        report.step(format!("{}: {}", step.name, describe(&step.outcome)));
    }
    let chain = acs_credentials::default_chain();
    let credentials = chain.credentials().await?;
    let origin = chain.origin().await?;
    let identity = place
        .sts(credentials.clone())?
        .send(acs_sts::GetCallerIdentity::new())
        .await?;
    let mut result = json!({
        "identity_type": identity.identity_type,
        "account_id": identity.account_id,
        "arn": identity.arn,
        "provider": credentials.provider(),
        "found_in": origin,
        "expires_at": credentials.expires_at().map(|end| end.to_rfc3339()),
        "request_id": identity.request_id(),
    });
    if args.explain && args.common.json {
        result["steps"] = steps.iter().map(step_json).collect();
    }
    report.result(&result)?;
    if identity.identity_type == "Account" {
        report.warning("these are keys of the account itself, which can do everything: use a RAM user's key in programs");
    }
    Ok(())
}

fn describe(outcome: &StepOutcome) -> String {
    match outcome {
        StepOutcome::Found { origin, provider } => {
            format!("found in {origin} (provider {provider})")
        }
        StepOutcome::NotConfigured(reason) => format!("skipped: {reason}"),
        StepOutcome::Failed(failure) => format!("failed: {failure}"),
        StepOutcome::NotAsked => "not asked: an earlier step ended the search".to_owned(),
        // A kind of outcome that this program doesn't know yet.
        other => format!("{other:?}"),
    }
}

fn step_json(step: &StepReport) -> Value {
    json!({ "step": step.name, "outcome": describe(&step.outcome) })
}

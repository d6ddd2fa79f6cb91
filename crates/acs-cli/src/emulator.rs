//! `acs emulator`: a local cloud that serves until it is stopped.

use acs_emulator::Emulator;
use serde_json::json;

use crate::args;
use crate::connect::check_region;
use crate::failure::Failure;
use crate::report::Report;
use crate::stop::Stop;

/// Serves until the wish to stop, which is its regular end.
pub(crate) async fn run(args: &args::Emulator, stop: &Stop) -> Result<(), Failure> {
    check_region(&args.region)?;
    let builder = Emulator::builder()
        .port(args.port)
        .region(&args.region)
        .discard_bodies(args.discard_bodies);
    let builder = match &args.keep {
        Some(folder) => builder.keep(folder),
        None => builder,
    };
    let emulator = builder
        .start()
        .await
        .map_err(|error| Failure::emulator(&error))?;
    // The secret is a throw-away of this run, which programs need to sign with.
    let told = Report::new(true).result(&json!({
        "endpoint": emulator.endpoint(),
        "access_key_id": emulator.access_key_id(),
        "access_key_secret": emulator.access_key_secret(),
        "role_arn": emulator.role_arn(),
        "bucket": emulator.bucket(),
        "pipeline_id": emulator.pipeline_id(),
        "region": emulator.region(),
    }));
    // Without its line nobody can use it.
    if told.is_ok() {
        stop.wished().await;
    }
    emulator.shutdown().await;
    told
}

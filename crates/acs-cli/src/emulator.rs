//! `acs emulator`: a local cloud that serves until it is stopped.

use acs_emulator::Emulator;
use serde_json::json;

use crate::args;
use crate::failure::Failure;
use crate::report::Report;

pub(crate) async fn run(args: &args::Emulator) -> Result<(), Failure> {
    acs_core::check_region(&args.region)?;
    let builder = Emulator::builder()
        .port(args.port)
        .region(&args.region)
        .discard_bodies(args.discard_bodies);
    let builder = match &args.keep {
        Some(folder) => builder.keep(folder),
        None => builder,
    };
    let emulator = builder.start().await.map_err(|error| {
        Failure::usage(format!(
            "the emulator cannot start on port {}: {error}",
            args.port
        ))
    })?;
    // The secret is a throw-away of this run, which programs need to sign with.
    Report::new(true).result(&json!({
        "endpoint": emulator.endpoint(),
        "access_key_id": emulator.access_key_id(),
        "access_key_secret": emulator.access_key_secret(),
        "role_arn": emulator.role_arn(),
        "bucket": emulator.bucket(),
        "pipeline_id": emulator.pipeline_id(),
        "region": emulator.region(),
    }));
    stopped().await;
    emulator.shutdown().await;
    Ok(())
}

/// Ends when the process is asked to stop: Ctrl-C, or SIGTERM where there is such a thing.
async fn stopped() {
    let interrupt = async {
        // Without a handler nothing can be waited for; the process then ends by the signal itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}

//! Starts an emulator, prints what a client needs as one JSON line, and serves until it is stopped.
//!
//! `cargo run -p acs-emulator --example serve -- [PORT] [FOLDER TO KEEP OBJECTS IN]`

#![expect(clippy::print_stdout, reason = "the line is what the example is for")]

use std::error::Error;

use acs_emulator::Emulator;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut builder = Emulator::builder();
    if let Some(port) = arguments.next() {
        builder = builder.port(port.parse()?);
    }
    if let Some(folder) = arguments.next() {
        builder = builder.keep(folder);
    }
    let emulator = builder.start().await?;
    let line = serde_json::json!({
        "endpoint": emulator.endpoint(),
        "access_key_id": emulator.access_key_id(),
        "access_key_secret": emulator.access_key_secret(),
        "role_arn": emulator.role_arn(),
        "bucket": emulator.bucket(),
        "pipeline_id": emulator.pipeline_id(),
        "region": emulator.region(),
    });
    println!("{line}");
    std::future::pending().await
}

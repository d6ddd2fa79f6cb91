//! The `acs` command: the main job in one line, and a tool that people keep.

#![forbid(unsafe_code)]

mod args;
mod connect;
mod demo;
mod emulator;
mod failure;
mod media;
mod report;
mod stop;
mod upload;
mod whoami;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command, Vod};
use crate::failure::Failure;
use crate::report::Report;
use crate::stop::Stop;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before anything is done or said: who reads a line of ours may send a signal at once.
    let stop = Stop::listen();
    match run(cli.command, &stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Report::failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

async fn run(command: Command, stop: &Stop) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(&args, stop).await,
        Command::Whoami(args) => stop.or(whoami::run(&args)).await,
        Command::Vod(Vod::Upload(args)) => upload::run(&args, stop).await,
        Command::Emulator(args) => emulator::run(&args, stop).await,
    }
}

//! The `acs` command: the main job in one line, and a tool that people keep.

#![forbid(unsafe_code)]

mod args;
mod connect;
mod demo;
mod emulator;
mod failure;
mod media;
mod report;
mod upload;
mod whoami;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command, Vod};
use crate::failure::Failure;
use crate::report::Report;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Report::failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Whoami(args) => whoami::run(&args).await,
        Command::Vod(Vod::Upload(args)) => upload::run(&args).await,
        Command::Emulator(args) => emulator::run(&args).await,
    }
}

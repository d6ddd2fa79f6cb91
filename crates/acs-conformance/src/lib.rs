//! Runs files of known answers against the workspace.
//!
//! The answers come from official SDKs and documents, never from the code under test.

#![forbid(unsafe_code)]

pub mod credentials;
pub mod signing;

/// The examples of the guide to credentials compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/credentials.md")]
#[derive(Debug)]
pub struct CredentialsGuide;

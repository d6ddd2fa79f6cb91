#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod condition;
mod document;
mod error;
mod evaluate;
mod json;
mod pattern;
pub mod presets;
pub mod system;

pub use condition::{Condition, Operator};
pub use document::{Effect, MAX_INLINE_CHARS, Policy, Principal, Statement};
pub use error::PolicyError;
pub use evaluate::{Decision, Evaluation, Reason, Request, Verdict, evaluate, evaluate_session};

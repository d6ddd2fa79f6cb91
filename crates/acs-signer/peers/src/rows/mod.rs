pub mod oss;
pub mod others;
pub mod ours;
#[cfg(feature = "http-stacks")]
pub mod rpc_v1;

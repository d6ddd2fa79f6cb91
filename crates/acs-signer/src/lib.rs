//! Request signing and verification for Alibaba Cloud: pure functions, no I/O, no clock, no async.

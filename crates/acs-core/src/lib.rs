//! What every Alibaba Cloud service crate shares: credentials, endpoints, the client runtime, errors, and the seams for tests.

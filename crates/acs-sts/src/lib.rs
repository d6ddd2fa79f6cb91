//! Alibaba Cloud STS (2015-04-01): every operation, typed.

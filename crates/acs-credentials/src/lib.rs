//! Alibaba Cloud credentials: providers, the default chain, and a cache that refreshes ahead of time.

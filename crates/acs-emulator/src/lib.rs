//! A local Alibaba Cloud for tests and demos: STS, VOD, MPS and OSS behind real signature checks.

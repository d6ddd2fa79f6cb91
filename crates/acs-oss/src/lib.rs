//! The part of Alibaba Cloud OSS that media work needs: put, multipart, get and head with CRC-64 checked end to end.

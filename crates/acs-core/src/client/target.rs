use crate::endpoint::ProductInfo;
use crate::operation::{ApiStyle, OperationInfo, Security};

/// The operation that a call is for: one of the generated ones, or one by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) product: &'static ProductInfo,
    pub(super) action: &'a str,
    pub(super) style: ApiStyle,
    pub(super) security: Security,
    pub(super) is_idempotent: bool,
    /// Its answer may hold secrets, and so is never shown.
    pub(super) is_secret: bool,
    pub(super) duplicate_guard: Option<&'static str>,
}

impl From<&'static OperationInfo> for Target<'static> {
    fn from(info: &'static OperationInfo) -> Self {
        Self {
            product: info.product,
            action: info.action,
            style: info.style,
            security: info.security,
            is_idempotent: info.is_idempotent,
            is_secret: info.is_secret,
            duplicate_guard: info.duplicate_guard,
        }
    }
}

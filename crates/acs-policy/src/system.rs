//! The system policies that the official documents tell users to attach, as data.
//!
//! Sources: "Create AccessKey pairs" (MPS), "Create a RAM user and grant permissions" (MPS, VOD), "System policies" (RAM).

/// One system policy and when it is needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SystemPolicy {
    /// The product.
    pub product: Product,
    /// What it is needed for, in a line.
    pub needed_for: &'static str,
    /// Whether the job can be done without it.
    pub need: Need,
    /// Its name in the RAM console.
    pub name: &'static str,
    /// Whether a policy of one's own can stand in for it.
    pub custom_policy_allowed: bool,
}

/// A product that needs rights.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Product {
    /// ApsaraVideo Media Processing (`mts` in policies).
    Mps,
    /// ApsaraVideo VOD.
    Vod,
    /// Object Storage Service.
    Oss,
    /// Message Service.
    Mns,
    /// CDN.
    Cdn,
    /// Resource Access Management.
    Ram,
    /// Security Token Service.
    Sts,
}

/// Whether a policy is needed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Need {
    /// Nothing works without it, or a custom policy in its place where one is allowed.
    Required,
    /// Only for what its row says.
    Optional,
}

const fn row(
    product: Product,
    name: &'static str,
    need: Need,
    custom_policy_allowed: bool,
    needed_for: &'static str,
) -> SystemPolicy {
    SystemPolicy {
        product,
        needed_for,
        need,
        name,
        custom_policy_allowed,
    }
}

/// The system policies, those of one product together.
pub const SYSTEM_POLICIES: &[SystemPolicy] = &[
    row(
        Product::Mps,
        "AliyunMTSFullAccess",
        Need::Required,
        false,
        "every call of MPS; the documents say that custom policies are not supported",
    ),
    row(
        Product::Oss,
        "AliyunOSSFullAccess",
        Need::Required,
        true,
        "reading and writing the files that MPS works on",
    ),
    row(
        Product::Mns,
        "AliyunMNSFullAccess",
        Need::Optional,
        true,
        "messages about finished jobs and uploads",
    ),
    row(
        Product::Cdn,
        "AliyunCDNFullAccess",
        Need::Optional,
        true,
        "serving the results through CDN",
    ),
    row(
        Product::Vod,
        "AliyunVODFullAccess",
        Need::Required,
        true,
        "every call of VOD",
    ),
    row(
        Product::Vod,
        "AliyunVODPlayAuth",
        Need::Optional,
        true,
        "the role that players assume",
    ),
    row(
        Product::Ram,
        "AliyunRAMFullAccess",
        Need::Optional,
        true,
        "making users, roles and keys",
    ),
    row(
        Product::Sts,
        "AliyunSTSAssumeRoleAccess",
        Need::Optional,
        true,
        "assuming roles: the STS method",
    ),
];

/// Returns the system policies of a product.
pub fn of_product(product: Product) -> impl Iterator<Item = &'static SystemPolicy> {
    SYSTEM_POLICIES
        .iter()
        .filter(move |row| row.product == product)
}

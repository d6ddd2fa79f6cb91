use acs_core::{Endpoint, check_region};

use crate::context::Context;
use crate::failure::Failure;
use crate::vars;

/// The most characters of an endpoint: a host name has 253.
const LONGEST: usize = 300;

/// Which STS host is asked, and how the request is signed.
#[derive(Clone, Debug, Default)]
pub(crate) struct StsAddress {
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) vpc: Option<bool>,
    pub(crate) signature: super::StsSignature,
}

impl StsAddress {
    /// The endpoint as given, else that of `ALIBABA_CLOUD_STS_ENDPOINT`, else that of the region as given or in
    /// `ALIBABA_CLOUD_STS_REGION`, inside its VPC if asked for or `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED` says so; without
    /// a region `sts.aliyuncs.com`.
    pub(crate) fn resolve(&self, context: &Context) -> Result<Endpoint, Failure> {
        if let Some(endpoint) = &self.endpoint {
            return parse(endpoint, "sts_endpoint");
        }
        if let Some(endpoint) = context.var(vars::STS_ENDPOINT)? {
            return parse(endpoint.trim(), vars::STS_ENDPOINT);
        }
        let region = match &self.region {
            Some(region) => Some(region.clone()),
            None => context
                .var(vars::STS_REGION)?
                .map(|region| region.trim().to_owned()),
        };
        let is_vpc = match self.vpc {
            Some(is_vpc) => is_vpc,
            None => context.switch(vars::VPC_ENDPOINT_ENABLED)?,
        };
        let Some(region) = region else {
            if is_vpc {
                tracing::warn!(
                    "the VPC endpoint of STS was asked for without a region: sts.aliyuncs.com is used"
                );
            }
            return parse("sts.aliyuncs.com", "sts_endpoint");
        };
        check_region(&region)
            .map_err(|error| Failure::input(vars::STS_REGION, error.to_string()))?;
        let product = if is_vpc { "sts-vpc" } else { "sts" };
        parse(&format!("{product}.{region}.aliyuncs.com"), "sts_region")
    }
}

fn parse(text: &str, field: &str) -> Result<Endpoint, Failure> {
    // Its errors show the text: nothing else than a host is to stand there.
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".:-/[]".contains(c);
    if text.len() > LONGEST || !text.chars().all(is_host) {
        return Err(Failure::input(
            field,
            "this is no host name or address, such as sts.cn-shanghai.aliyuncs.com",
        ));
    }
    Endpoint::parse(text).map_err(|error| Failure::input(field, error.to_string()))
}

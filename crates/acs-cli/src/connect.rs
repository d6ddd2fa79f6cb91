//! Clients for one place: Alibaba Cloud in a region, or a running emulator.

use std::sync::Arc;

use acs_core::{Endpoint, Network, Product, ProvideCredentials, SharedTransport};

use crate::args::Common;
use crate::failure::Failure;

/// Checks region and endpoint, before anything starts.
///
/// Who names an endpoint may know of a region that is newer than the table: then its form alone is checked.
pub(crate) fn check_place(common: &Common) -> Result<(), Failure> {
    match &common.endpoint {
        Some(endpoint) => {
            Endpoint::parse(endpoint)?;
            Ok(acs_core::check_region(common.region())?)
        }
        None => check_region(common.region()),
    }
}

/// Checks that VOD is in the region; the refusal lists where it is.
pub(crate) fn check_region(region: &str) -> Result<(), Failure> {
    Endpoint::resolve(<acs_vod::Vod as Product>::INFO, region, Network::Public)?;
    Ok(())
}

/// Where calls go, and one pool of connections for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) region: String,
    /// An emulator's address; `None` for Alibaba Cloud itself.
    pub(crate) endpoint: Option<String>,
    pub(crate) transport: SharedTransport,
}

impl Place {
    pub(crate) fn new(region: &str, endpoint: Option<&str>) -> Result<Self, Failure> {
        Ok(Self {
            region: region.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            transport: acs_core::default_transport()?,
        })
    }

    pub(crate) fn of(common: &Common) -> Result<Self, Failure> {
        check_place(common)?;
        Self::new(common.region(), common.endpoint.as_deref())
    }

    pub(crate) fn vod(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_vod::Client, Failure> {
        self.build(acs_vod::Client::builder(&self.region), credentials)
    }

    pub(crate) fn mps(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_mps::Client, Failure> {
        self.build(acs_mps::Client::builder(&self.region), credentials)
    }

    pub(crate) fn sts(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_sts::Client, Failure> {
        self.build(acs_sts::Client::builder(&self.region), credentials)
    }

    fn build<P: acs_core::Product>(
        &self,
        builder: acs_core::ClientBuilder<P>,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_core::Client<P>, Failure> {
        let builder = builder
            .credentials(credentials)
            .transport(Arc::clone(&self.transport));
        Ok(match &self.endpoint {
            Some(endpoint) => builder.endpoint(endpoint),
            None => builder,
        }
        .build()?)
    }
}

//! Where a bucket is reached: its host, and whether the bucket stands in the host or in the path.

use std::net::IpAddr;

use acs_core::{Endpoint, Error, check_region};

/// The network that OSS is reached by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Network {
    /// The internet.
    #[default]
    Public,
    /// The network inside the bucket's region: free of traffic charges, for ECS instances there.
    Internal,
    /// Transfer acceleration over the internet; it must be turned on for the bucket, and it is charged.
    Accelerate,
}

/// The resolved address of one bucket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Address {
    /// Scheme and host, the bucket included if it stands there.
    endpoint: Endpoint,
    /// What stands before `/key` in the path of the request: nothing, or `/bucket`.
    path_prefix: String,
}

impl Address {
    /// Finds the address of a bucket: in a region by a network, or at an endpoint given by hand.
    pub(crate) fn resolve(
        bucket: &str,
        region: &str,
        network: Network,
        endpoint: Option<&str>,
    ) -> Result<Self, Error> {
        check_region(region)?;
        let service = match endpoint {
            Some(text) => {
                let given = Endpoint::parse(text)?;
                check_is_service(&given, bucket, region)?;
                given
            }
            None => Endpoint::parse(&host_of(region, network))?,
        };
        if is_address_or_local(host_without_port(service.authority())) {
            return Ok(Self {
                endpoint: service,
                path_prefix: format!("/{bucket}"),
            });
        }
        let virtual_host = format!("{}://{bucket}.{}", service.scheme(), service.authority());
        Ok(Self {
            endpoint: Endpoint::parse(&virtual_host)?,
            path_prefix: String::new(),
        })
    }

    /// Returns scheme and host of the requests.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns what stands before `/key` in the path of the requests.
    pub(crate) fn path_prefix(&self) -> &str {
        &self.path_prefix
    }
}

/// Reads the region out of an OSS endpoint, `https://oss-cn-shanghai-internal.aliyuncs.com` say; `None` if it
/// names none, as `oss-accelerate.aliyuncs.com` does.
pub fn region_of_endpoint(endpoint: &str) -> Option<&str> {
    let host = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    let host = host_without_port(host.trim_end_matches('/'));
    let name = host.strip_suffix(".aliyuncs.com")?.strip_prefix("oss-")?;
    let region = name.strip_suffix("-internal").unwrap_or(name);
    (!region.starts_with("accelerate") && check_region(region).is_ok()).then_some(region)
}

/// Returns the host of OSS in a region.
fn host_of(region: &str, network: Network) -> String {
    match network {
        Network::Public => format!("oss-{region}.aliyuncs.com"),
        Network::Internal => format!("oss-{region}-internal.aliyuncs.com"),
        Network::Accelerate => "oss-accelerate.aliyuncs.com".to_owned(),
    }
}

fn check_is_service(endpoint: &Endpoint, bucket: &str, region: &str) -> Result<(), Error> {
    let host = host_without_port(endpoint.authority());
    if let Some(service) = host
        .strip_prefix(bucket)
        .and_then(|rest| rest.strip_prefix('.'))
    {
        return Err(Error::invalid_parameter(
            "endpoint",
            format!("`{host}` holds the bucket's name already: give `{service}`"),
        ));
    }
    match region_of_endpoint(host) {
        Some(named) if named != region => Err(Error::invalid_parameter(
            "endpoint",
            format!("`{host}` is of the region `{named}`, but the region given is `{region}`"),
        )),
        _ => Ok(()),
    }
}

fn is_address_or_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

fn host_without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of a bare IPv6 address are inside the brackets.
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(network: Network, endpoint: Option<&str>) -> Result<Address, Error> {
        Address::resolve("media-in", "cn-shanghai", network, endpoint)
    }

    #[test]
    fn each_network_has_its_host() {
        for (network, host) in [
            (
                Network::Public,
                "https://media-in.oss-cn-shanghai.aliyuncs.com",
            ),
            (
                Network::Internal,
                "https://media-in.oss-cn-shanghai-internal.aliyuncs.com",
            ),
            (
                Network::Accelerate,
                "https://media-in.oss-accelerate.aliyuncs.com",
            ),
        ] {
            let address = address(network, None).unwrap();
            assert_eq!(
                (
                    address.endpoint().to_string().as_str(),
                    address.path_prefix()
                ),
                (host, "")
            );
        }
    }

    #[test]
    fn a_loopback_address_is_addressed_by_path() {
        for endpoint in [
            "http://127.0.0.1:18080",
            "http://localhost:1",
            "http://[::1]:8080",
            "https://192.0.2.1",
        ] {
            let address = address(Network::Public, Some(endpoint)).unwrap();
            assert_eq!(
                (
                    address.endpoint().to_string().as_str(),
                    address.path_prefix()
                ),
                (endpoint, "/media-in")
            );
        }
    }

    #[test]
    fn a_location_in_place_of_a_region_is_refused_with_the_right_form() {
        let error =
            Address::resolve("media-in", "oss-cn-shanghai", Network::Public, None).unwrap_err();
        assert_eq!(error.field(), Some("region"));
        assert!(
            error.to_string().contains("the region id is `cn-shanghai`"),
            "{error}"
        );
    }

    #[test]
    fn an_endpoint_of_another_region_or_with_the_bucket_is_refused() {
        let other = address(Network::Public, Some("oss-cn-beijing.aliyuncs.com")).unwrap_err();
        assert!(other.to_string().contains("cn-beijing"), "{other}");
        let doubled = address(
            Network::Public,
            Some("media-in.oss-cn-shanghai.aliyuncs.com"),
        )
        .unwrap_err();
        assert!(
            doubled
                .to_string()
                .contains("give `oss-cn-shanghai.aliyuncs.com`"),
            "{doubled}"
        );
    }

    #[test]
    fn plain_http_is_refused_beyond_loopback() {
        assert!(address(Network::Public, Some("http://oss-cn-shanghai.aliyuncs.com")).is_err());
    }

    #[test]
    fn the_region_is_read_out_of_an_endpoint() {
        for (endpoint, region) in [
            ("https://oss-cn-shanghai.aliyuncs.com", Some("cn-shanghai")),
            ("oss-cn-shanghai-internal.aliyuncs.com", Some("cn-shanghai")),
            (
                "oss-ap-southeast-1.aliyuncs.com:443/",
                Some("ap-southeast-1"),
            ),
            ("oss-accelerate.aliyuncs.com", None),
            ("oss-accelerate-overseas.aliyuncs.com", None),
            ("http://127.0.0.1:8080", None),
        ] {
            assert_eq!(region_of_endpoint(endpoint), region, "{endpoint}");
        }
    }
}

use std::fmt;
use std::net::IpAddr;

use http::uri::Authority;

use crate::error::Error;

/// What a service crate says of its product: its name and where it is served.
#[derive(Debug)]
pub struct ProductInfo {
    /// The product as its endpoints spell it, `vod` say.
    pub product: &'static str,
    /// The API version, `2017-03-21` say.
    pub version: &'static str,
    /// The hosts by region, sorted by region.
    pub endpoints: &'static [RegionEndpoint],
    /// The host that serves every region that is not listed, if there is one.
    pub global: Option<&'static str>,
}

/// The hosts of a product in one region.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegionEndpoint {
    /// Region id, `cn-shanghai` say.
    pub region: &'static str,
    /// Host on the public network.
    pub public: &'static str,
    /// Host inside a VPC of the region.
    pub vpc: Option<&'static str>,
}

/// The network that a client reaches its service by.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Network {
    /// The internet.
    #[default]
    Public,
    /// A VPC of the service's region.
    Vpc,
}

/// A product, as a type: it ties operations to the client that can send them.
pub trait Product: fmt::Debug + Send + Sync + 'static {
    /// Name and endpoints.
    const INFO: &'static ProductInfo;
}

/// Where requests go: scheme and host, with the port where it is not the scheme's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    is_https: bool,
    authority: Authority,
}

impl Endpoint {
    /// Reads an endpoint: a host with or without port and scheme, `vod.cn-shanghai.aliyuncs.com` say.
    /// Without a scheme it is https. `http://` is taken for loopback hosts only, since credentials and tokens
    /// must not cross a network in clear text.
    ///
    /// # Errors
    /// The text is no host, has a path or query, or asks for plain http beyond loopback.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.contains('@') {
            // The text is not shown: user information may hold a password.
            return Err(Error::invalid_parameter(
                "endpoint",
                "must not hold user information",
            ));
        }
        // Nor is a query, which may hold a token and a signature.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let refuse =
            |reason: &str| Error::invalid_parameter("endpoint", format!("`{shown}`: {reason}"));
        let (is_https, rest) = match text.split_once("://") {
            None => (true, text),
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => {
                return Err(refuse(
                    "the scheme must be https, or http for a loopback address",
                ));
            }
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(refuse("give a host only, without a path or query"));
        }
        let not_a_host = |_| refuse("this is not a host name or address");
        let parsed: Authority = authority.parse().map_err(not_a_host)?;
        let host = parsed.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(refuse("the host is missing"));
        }
        if !is_https && !is_loopback(&host) {
            return Err(refuse(
                "plain http is for a loopback address only; use https",
            ));
        }
        // Written as HTTP clients write it, since it is signed: without the scheme's own port.
        let port = match authority[parsed.host().len()..].strip_prefix(':') {
            None | Some("") => None,
            Some(digits) => Some(
                digits
                    .parse::<u16>()
                    .map_err(|_| refuse("the port must be a number up to 65535"))?,
            ),
        };
        let default_port = if is_https { 443 } else { 80 };
        let authority = match port.filter(|port| *port != default_port) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        Ok(Self {
            is_https,
            authority: authority.parse().map_err(not_a_host)?,
        })
    }

    /// Finds the endpoint of a product in a region.
    ///
    /// # Errors
    /// The region is not one of the product's: the message lists those that are. A region that is new
    /// can be reached by giving its endpoint.
    pub fn resolve(product: &ProductInfo, region: &str, network: Network) -> Result<Self, Error> {
        check_region(region)?;
        let known = product
            .endpoints
            .iter()
            .find(|endpoint| endpoint.region == region);
        let host = match (known, network) {
            (Some(endpoint), Network::Public) => Some(endpoint.public),
            (Some(endpoint), Network::Vpc) => endpoint.vpc,
            (None, Network::Public) => product.global,
            (None, Network::Vpc) => None,
        };
        let Some(host) = host else {
            return Err(unknown_region(product, region, network));
        };
        Ok(Self {
            is_https: true,
            authority: host.parse().map_err(|_| {
                Error::invalid_parameter("region", format!("`{host}` is not a host name"))
            })?,
        })
    }

    /// Returns the host with its port, if that is not the scheme's own: the `host` header.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Returns the authority with labels in front of its host.
    pub(crate) fn authority_below(&self, labels: &[String]) -> Result<Authority, Error> {
        if labels.is_empty() {
            return Ok(self.authority.clone());
        }
        let host = format!("{}.{}", labels.join("."), self.authority);
        host.parse().map_err(|_| {
            Error::invalid_parameter("endpoint", format!("`{host}` is not a host name"))
        })
    }

    /// Says whether requests go over TLS.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Returns `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority)
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Checks that a region id has the form of one.
///
/// # Errors
/// It is empty, is an OSS location (`oss-cn-shanghai`; the region id is `cn-shanghai`), or holds other
/// characters than lower-case letters, digits and `-`.
pub fn check_region(region: &str) -> Result<(), Error> {
    if region.is_empty() {
        return Err(Error::invalid_parameter(
            "region",
            "must not be empty: give `cn-shanghai`, say",
        ));
    }
    if let Some(location) = region.strip_prefix("oss-") {
        let plain = location.strip_suffix("-internal").unwrap_or(location);
        return Err(Error::invalid_parameter(
            "region",
            format!("`{region}` is an OSS location: the region id is `{plain}`"),
        ));
    }
    if !region
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Err(Error::invalid_parameter(
            "region",
            "a region id holds lower-case letters, digits and `-`: `cn-shanghai`, say",
        ));
    }
    Ok(())
}

fn unknown_region(product: &ProductInfo, region: &str, network: Network) -> Error {
    let known: Vec<&str> = product
        .endpoints
        .iter()
        .filter(|endpoint| network == Network::Public || endpoint.vpc.is_some())
        .map(|endpoint| endpoint.region)
        .collect();
    let place = if network == Network::Vpc {
        " inside a VPC"
    } else {
        ""
    };
    Error::invalid_parameter(
        "region",
        format!(
            "`{region}` is not known as a region of {}{place}: use one of {}, or set the endpoint",
            product.product,
            known.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    static VOD: ProductInfo = ProductInfo {
        product: "vod",
        version: "2017-03-21",
        endpoints: &[RegionEndpoint {
            region: "cn-shanghai",
            public: "vod.cn-shanghai.aliyuncs.com",
            vpc: Some("vod-vpc.cn-shanghai.aliyuncs.com"),
        }],
        global: None,
    };

    #[test]
    fn plain_http_is_for_loopback_only() {
        for text in [
            "http://127.0.0.1:18080",
            "http://localhost:1",
            "http://[::1]:8080/",
        ] {
            assert!(!Endpoint::parse(text).unwrap().is_https(), "{text}");
        }
        for text in [
            "http://vod.aliyuncs.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(
                Endpoint::parse(text).unwrap_err().field(),
                Some("endpoint"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_endpoint_with_more_than_a_host_is_refused() {
        for text in [
            "",
            "https://",
            "a/b",
            "a?b",
            "user:canary@host",
            "ftp://user:canary@host",
            "http://user:canary@example.com",
            "https://user:canary@host/path",
            "https://host/path?user:canary@",
            "https://bucket.example.com/?Signature=canary",
            "host#canary",
            "a b",
            "https://host/path",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
            assert_eq!(error.field(), Some("endpoint"));
        }
    }

    #[test]
    fn an_endpoint_is_written_as_http_clients_write_it() {
        for (text, written) in [
            ("HTTP://x", None),
            ("http://LOCALHOST:37675", Some("http://localhost:37675")),
            ("http://127.0.0.1:80", Some("http://127.0.0.1")),
            ("http://127.0.0.1:", Some("http://127.0.0.1")),
            ("http://127.0.0.1:080", Some("http://127.0.0.1")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            (
                "https://VOD.cn-shanghai.aliyuncs.com:443/",
                Some("https://vod.cn-shanghai.aliyuncs.com"),
            ),
            ("127.0.0.1:99999", None),
            ("127.0.0.1:x", None),
        ] {
            let parsed = Endpoint::parse(text)
                .ok()
                .map(|endpoint| endpoint.to_string());
            assert_eq!(parsed.as_deref(), written, "{text}");
        }
    }

    #[test]
    fn an_oss_location_is_refused_with_the_region_id() {
        for location in ["oss-cn-shanghai", "oss-cn-shanghai-internal"] {
            let error = Endpoint::resolve(&VOD, location, Network::Public).unwrap_err();
            assert!(
                error.to_string().contains("the region id is `cn-shanghai`"),
                "{error}"
            );
        }
    }

    #[test]
    fn an_unknown_region_is_refused_with_those_that_are_known() {
        let error = Endpoint::resolve(&VOD, "cn-nowhere", Network::Public).unwrap_err();
        assert!(error.to_string().contains("cn-nowhere"), "{error}");
        assert!(error.to_string().contains("cn-shanghai"), "{error}");
    }

    #[test]
    fn a_vpc_client_goes_to_the_vpc_host() {
        let endpoint = Endpoint::resolve(&VOD, "cn-shanghai", Network::Vpc).unwrap();
        assert_eq!(
            endpoint.to_string(),
            "https://vod-vpc.cn-shanghai.aliyuncs.com"
        );
    }
}

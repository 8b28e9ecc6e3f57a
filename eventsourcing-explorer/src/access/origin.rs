//! Where a request comes from, and for which host: what a browser does for a foreign site is refused.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use crate::ExplorerError;
use crate::failure::Failure;

/// The host names under which the explorer answers, in addition to `localhost` and addresses.
///
/// A site that lets its own name resolve to this machine (DNS rebinding) has a name that is not among them. An address cannot be rebound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn new(names: &[String]) -> Result<Self, ExplorerError> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        };
        match names.iter().find(|name| !is_name(name)) {
            Some(bad) => Err(ExplorerError::BadHost { host: bad.clone() }),
            None => Ok(Self(names.iter().map(|name| name.to_ascii_lowercase()).collect())),
        }
    }

    /// Refuses a request for a foreign host, and one that another site has sent.
    pub(crate) fn check(&self, parts: &Parts) -> Result<(), Failure> {
        let host = host_of(parts).ok_or(Failure::ForeignHost)?;
        if !self.has(name_of(host)) {
            return Err(Failure::ForeignHost);
        }
        let site = text(&parts.headers, "sec-fetch-site");
        if !matches!(site, None | Some("same-origin" | "none")) {
            return Err(Failure::CrossSite);
        }
        match text(&parts.headers, header::ORIGIN.as_str()) {
            None => Ok(()),
            // what browsers send with a form of a page without referrer; older ones do not say from which site
            Some("null") if site == Some("same-origin") || (site.is_none() && parts.method == Method::POST) => Ok(()),
            Some(origin) => match origin.split_once("://") {
                Some((_, from)) if from.eq_ignore_ascii_case(host) => Ok(()),
                _ => Err(Failure::CrossSite),
            },
        }
    }

    fn has(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        name == "localhost" || address.parse::<std::net::IpAddr>().is_ok() || self.0.contains(&name)
    }
}

/// The host of a request, with its port. Two that differ are none.
fn host_of(parts: &Parts) -> Option<&str> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let named = hosts.next().map(|host| host.to_str().ok());
    if hosts.next().is_some() {
        return None;
    }
    match (named, parts.uri.authority()) {
        (Some(host), None) => host,
        (Some(host), Some(authority)) => host.filter(|host| host.eq_ignore_ascii_case(authority.as_str())),
        (None, authority) => authority.map(axum::http::uri::Authority::as_str),
    }
}

/// The name without its port.
fn name_of(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        _ => host,
    }
}

/// A header as text. One that is no text is empty, and therefore refused.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn checked(headers: &[(&str, &str)], method: Method) -> Result<(), Failure> {
        let mut request = Request::builder().method(method).uri("/log");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        Hosts::new(&["Shop.example.com".to_owned()]).expect("names").check(&parts)
    }

    #[test]
    fn names_of_the_service_and_addresses_are_served() {
        for host in
            ["localhost", "localhost:4040", "127.0.0.1:80", "[::1]:4040", "[::1]", "10.0.0.7", "shop.example.com:443"]
        {
            assert_eq!(checked(&[("host", host)], Method::GET), Ok(()), "{host}");
        }
    }

    #[test]
    fn other_names_are_foreign() {
        for host in [
            "evil.com",
            "localhost.evil.com",
            "shop.example.com.evil.com",
            "shop.example.com.",
            "",
            "127.0.0.1.evil.com",
        ] {
            assert_eq!(checked(&[("host", host)], Method::GET), Err(Failure::ForeignHost), "{host}");
        }
        assert_eq!(checked(&[], Method::GET), Err(Failure::ForeignHost));
        assert_eq!(checked(&[("host", "localhost"), ("host", "evil.com")], Method::GET), Err(Failure::ForeignHost));
    }

    #[test]
    fn requests_of_other_sites_are_refused() {
        let host = ("host", "localhost:4040");
        for other in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.com"),
            ("origin", "http://localhost:9999"),
            ("origin", "null"),
        ] {
            assert_eq!(checked(&[host, other], Method::GET), Err(Failure::CrossSite), "{other:?}");
        }
        assert_eq!(checked(&[host, ("origin", "http://localhost:4040")], Method::POST), Ok(()));
        assert_eq!(checked(&[host, ("origin", "null"), ("sec-fetch-site", "same-origin")], Method::POST), Ok(()));
        assert_eq!(
            checked(&[host, ("origin", "null"), ("sec-fetch-site", "cross-site")], Method::POST),
            Err(Failure::CrossSite)
        );
    }

    #[test]
    fn what_is_no_host_name_is_refused_when_it_is_configured() {
        for host in ["https://shop.example.com", "shop.example.com:443", "shop/", ""] {
            assert!(Hosts::new(&[host.to_owned()]).is_err(), "{host}");
        }
    }
}

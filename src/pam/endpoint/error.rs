//! Why no client can be made from an endpoint.

use super::address::AddressKind;
use super::pem::UnusedBlocks;
use super::version::ProductVersion;

/// Why no client can be made from an endpoint. The texts are for users: they name the remedy and no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The URL's scheme is not https, or it has no host.
    #[error("the URL must begin with https:// and name a host")]
    NotHttps,
    /// The URL holds a user name or password.
    #[error("the URL must not hold a user name or a password: the login belongs into the Secret")]
    UserInfo,
    /// The URL holds a query or a fragment.
    #[error("the URL must not hold a query (?) or a fragment (#)")]
    QueryOrFragment,
    /// The client does not speak this version's dialect.
    #[error("product version {0} is not supported: supported are 3.30 and later versions of 3, and all of 4")]
    UnsupportedVersion(ProductVersion),
    /// The CA bundle cannot be used.
    #[error(
        "the CA bundle holds no usable certificate{}: it must be one or more PEM blocks \"CERTIFICATE\"",
        .0.in_brackets()
    )]
    CaBundle(UnusedBlocks),
    /// No CA bundle was given, and the system has no certificates either.
    #[error("the operator's image has no certificate authorities: name the PAM's in spec.tls.caBundleRef")]
    NoSystemRoots,
    /// The client id or client secret is empty.
    #[error("the client id and the client secret must not be empty")]
    EmptyLogin,
    /// HTTP Basic cannot carry the client id.
    #[error("a client id that holds a colon cannot be sent as HTTP Basic: send the login as a form")]
    ClientIdForBasic,
    /// The override of the API's prefix is no path.
    #[error("apiPrefix must be a plain path that begins with a slash, such as /api or /iso")]
    ApiPrefix,
    /// The override of the token path is no path.
    #[error("tokenPath must be a plain path that begins with a slash, such as /iso/oauth2/token")]
    TokenPath,
    /// The referrer is no possible value of a header.
    #[error("the referrer must be a URL of plain ASCII characters without spaces")]
    Referrer,
    /// The client certificate or its key cannot be used.
    #[error(
        "the client certificate cannot be used{}: it must be PEM blocks \"CERTIFICATE\" and one unencrypted private key \
         that belongs to the first of them",
        .0.in_brackets()
    )]
    ClientCertificate(UnusedBlocks),
    /// The URL's host is not on the list for tenants' connections.
    #[error(
        "the operator is not allowed to connect to the URL's host: ask the people who run the operator to add the host to the \
         chart's allowedHosts (--allowed-hosts)"
    )]
    HostNotAllowed,
    /// The URL's host is an address that is refused unless it is listed itself.
    #[error(
        "the URL's host is {0}, which the operator never connects to unless the chart's allowedHosts \
         (--allowed-hosts) lists that very address: give the PAM's own address"
    )]
    AddressNotAllowed(AddressKind),
    /// The address of the proxy cannot be used.
    #[error(
        "spec.proxy.url must be http://, a host and where needed a port, and nothing else: a login at the proxy belongs into the \
         Secret of spec.proxy.basicAuthSecretRef"
    )]
    ProxyUrl,
    /// HTTP Basic cannot carry the user name of the login at the proxy.
    #[error(
        "the user name in the Secret of spec.proxy.basicAuthSecretRef holds a colon, and cannot be sent as HTTP Basic: use \
         another user of the proxy"
    )]
    ProxyUsername,
    /// The URL's host is an IPv6 address, and there is a proxy.
    #[error("an IPv6 address in the URL cannot be reached through spec.proxy: give the PAM's name")]
    Ipv6ThroughProxy,
    /// A connection whose addresses are checked has a proxy, behind which no address can be checked.
    #[error(
        "spec.proxy is for ClusterPamConnections alone: leave spec.proxy out, or ask the people who run the operator for a \
         ClusterPamConnection"
    )]
    ProxyNotAllowed,
    /// The HTTP client could not be made, for a reason that no setting explains.
    #[error("the HTTP client could not be set up")]
    Setup,
}

//! The cluster that a command speaks with: a client, the namespace that is meant, and how long a call may take.

use std::time::Duration;

use http::{Request, Response};
use kube::client::{AuthError, Body, ClientBuilder};
use kube::config::ExecInteractiveMode;
use kube::{Client, Config};
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::exit::{Exit, Failure};
use crate::kubeconfig::KubeArgs;
use crate::output::clean;

/// How long a call may take where the user gave no time.
const CALL: Duration = Duration::from_secs(30);

/// A cluster, as the user's flags name it.
#[derive(Clone)]
pub struct Cluster {
    /// The client, with the user's own rights.
    pub client: Client,
    /// The namespace that is meant where none is named.
    pub namespace: String,
    /// How long one call may take.
    timeout: Duration,
}

impl Cluster {
    /// Makes the client. Nothing is sent.
    pub async fn connect(args: &KubeArgs) -> Result<Self, Failure> {
        Self::of_config(args.config().await?, args)
    }

    /// Makes the client, with a login program that may ask nothing at the terminal. Nothing is sent.
    pub async fn connect_silently(args: &KubeArgs) -> Result<Self, Failure> {
        let mut config = args.config().await?;
        if let Some(login) = &mut config.auth_info.exec {
            login.interactive_mode = Some(ExecInteractiveMode::Never);
        }
        Self::of_config(config, args)
    }

    fn of_config(config: Config, args: &KubeArgs) -> Result<Self, Failure> {
        let namespace = config.default_namespace.clone();
        let builder = ClientBuilder::try_from(config).map_err(|error| failed("use the kubeconfig", &error))?;
        let asks = MapRequestLayer::new(say_request);
        let client = builder.with_layer(&asks).with_layer(&MapResponseLayer::new(say_answer)).build();
        let timeout = if args.request_timeout.is_zero() { CALL } else { args.request_timeout };
        Ok(Self { client, namespace, timeout })
    }

    /// Returns a cluster that this client speaks with.
    #[cfg(test)]
    pub const fn of(client: Client, namespace: String) -> Self {
        Self { client, namespace, timeout: CALL }
    }

    /// Makes one call, in time or not at all. `action` says what is tried, as in "list objects".
    pub async fn call<T>(
        &self,
        action: &str,
        call: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Failure> {
        self.answer(action, call).await?.map_err(|error| failed(action, &error))
    }

    /// Makes one call, and returns an answer that says no to the caller, if it is one that the caller can use.
    pub async fn answer<T>(
        &self,
        action: &str,
        call: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<Result<T, kube::Error>, Failure> {
        tokio::time::timeout(self.timeout, call).await.map_err(|_| {
            let seconds = self.timeout.as_secs();
            let message = format!("Kubernetes did not answer within {seconds} s while trying to {action}");
            Failure::new(Exit::Kubernetes, message)
        })
    }
}

/// Says why a call failed. An answer that says no is shown in the API server's words, which name what is refused; of an answer
/// that cannot be decoded nothing is shown, since it may be anything.
pub fn failed(action: &str, error: &kube::Error) -> Failure {
    let why = match error {
        kube::Error::Api(status) => format!("Kubernetes refused ({}): {}", status.code, clean(&status.message)),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            "the answer of Kubernetes was not understood".to_owned()
        }
        // The address of a proxy may hold a password.
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            "the proxy that the kubeconfig or the environment names cannot be used".to_owned()
        }
        error => format!("Kubernetes could not be asked: {}", chain(std::error::Error::source(error).unwrap_or(error))),
    };
    Failure::new(Exit::Kubernetes, format!("cannot {action}: {why}"))
}

/// Returns the status of an answer that says no.
pub const fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// Returns an error with its causes, which say what could not be reached. A failed login is only said to be one: its text
/// quotes what the login program of the kubeconfig printed, and that may be a token.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let errors = || std::iter::successors(Some(error), |error| error.source());
    if errors().any(<dyn std::error::Error>::is::<AuthError>) {
        return "the login that the kubeconfig describes failed: try `kubectl get pods`, which shows why".to_owned();
    }
    let mut said = String::new();
    for text in errors().map(ToString::to_string) {
        if !said.contains(&text) {
            said = if said.is_empty() { text } else { format!("{said}: {text}") };
        }
    }
    said
}

/// Says a request where the user asked for that (`-v 6`). No header and no body is said.
fn say_request(request: Request<Body>) -> Request<Body> {
    tracing::debug!(target: "pam_operator::kubernetes", "{} {}", request.method(), request.uri());
    request
}

fn say_answer<B>(answer: Response<B>) -> Response<B> {
    tracing::debug!(target: "pam_operator::kubernetes", "answered {}", answer.status());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    #[test]
    fn an_answer_that_says_no_is_told_in_its_own_words_and_one_that_is_not_understood_is_not_told() {
        let mut status = Status::failure("pods is forbidden", "Forbidden");
        status.code = 403;
        let said = failed("list pods", &kube::Error::Api(Box::new(status)));
        assert_eq!(said.exit, Exit::Kubernetes);
        assert_eq!(said.message, "cannot list pods: Kubernetes refused (403): pods is forbidden");
        let wrong = serde_json::from_str::<u8>("\"CANARY\"").unwrap_err();
        assert!(!failed("list pods", &kube::Error::SerdeError(wrong)).message.contains("CANARY"));
    }

    #[test]
    fn what_a_login_program_printed_is_not_told() {
        let printed = AuthError::AuthExec("CANARY".to_owned());
        let said = failed("list pods", &kube::Error::Auth(printed)).message;
        assert!(said.contains("the login that the kubeconfig describes failed") && !said.contains("CANARY"), "{said}");
        let service = kube::Error::Service(Box::new(AuthError::AuthExec("CANARY".to_owned())));
        assert!(!failed("list pods", &service).message.contains("CANARY"));
    }
}

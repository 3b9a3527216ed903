//! Requests to one platform's API: JSON both ways, retries, and no way for the token to leave the host.

use super::secret::Secret;
use crate::output::plain;
use serde_json::Value;
use std::cell::Cell;
use std::time::Duration;
use ureq::http::{HeaderMap, Request, Uri};

type AgentConfig = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

/// Requests in a row before giving up.
const ATTEMPTS: u32 = 5;
/// The longest wait that is worth it; a job that sleeps longer costs more than it brings.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// All waits of one client together: many short ones make a long one.
const LONGEST_SUM: Duration = Duration::from_secs(600);
/// Answers longer than this are not read.
const ANSWER_BYTES: u64 = 32 << 20;
/// Redirects in a row, all on the same host.
const REDIRECTS: u32 = 3;

/// Why the platform could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address of the API is not one.
    #[error("'{0}' is no address of an API; it must start with https://")]
    Address(String),
    /// The address cannot be reached by a program that was built without TLS.
    #[error(
        "'{0}' cannot be reached: this program was built without TLS; wheels have it, and `cargo install --features tls`"
    )]
    NoTls(String),
    /// The token cannot be a header.
    #[error("the token holds characters that no token has; check how it gets into the environment")]
    Token,
    /// The API wants to send us to another host.
    #[error("{method} {path} was redirected to another host ({to}); the token is not sent there")]
    Redirected {
        /// The request's method.
        method: String,
        /// The request's path.
        path: String,
        /// The host.
        to: String,
    },
    /// No answer came.
    #[error("{method} {path}: no answer: {message}")]
    NoAnswer {
        /// The request's method.
        method: String,
        /// The request's path.
        path: String,
        /// What happened.
        message: String,
    },
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; `Null` if it is no JSON.
    pub body: Value,
    /// How long the platform wants us to wait, if it refused for the number of requests.
    pub wait: Option<Duration>,
}

impl Answer {
    /// Whether the request succeeded.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        self.wait.is_some() || matches!(self.status, 500 | 502 | 503 | 504)
    }

    /// The status and what the platform says about it, on one line.
    pub fn problem(&self) -> String {
        let text = |key: &str| match self.body.get(key) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let said: Vec<String> =
            ["message", "error", "errors"].into_iter().filter_map(text).collect();
        let said = said.join(": ");
        format!("{} {}", self.status, plain::line(&said.chars().take(500).collect::<String>()))
            .trim_end()
            .to_owned()
    }
}

/// Whether a request may be sent again when nobody knows if it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It changes nothing, or the second time changes nothing more.
    Always,
    /// It creates something: it is sent again only if it was refused for certain.
    IfRefused,
}

/// A connection to one API.
pub struct Client {
    agent: ureq::Agent,
    base: String,
    header: (&'static str, String),
    more: &'static [(&'static str, &'static str)],
    secret: Secret,
    sleep: fn(Duration),
    waited: Cell<Duration>,
}

impl Client {
    /// `base` is the API's address; `header` names the header of the token and what stands before
    /// the token in it; `more` are further headers.
    pub fn new(
        base: &str,
        secret: Secret,
        header: (&'static str, &str),
        more: &'static [(&'static str, &'static str)],
    ) -> Result<Self, HttpError> {
        let base = base.trim().trim_end_matches('/').to_owned();
        check_address(&base)?;
        if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HttpError::Token);
        }
        let mut config = with_tls(ureq::Agent::config_builder());
        // Nobody but this machine knows the way to itself.
        if base.starts_with("http://") {
            config = config.proxy(None);
        }
        let config = config
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_global(Some(Duration::from_secs(60)))
            .user_agent(concat!("spawnsafe/", env!("CARGO_PKG_VERSION")))
            .build();
        let value = format!("{}{}", header.1, secret.expose());
        Ok(Self {
            agent: config.new_agent(),
            base,
            header: (header.0, value),
            more,
            secret,
            sleep: std::thread::sleep,
            waited: Cell::new(Duration::ZERO),
        })
    }

    /// The same client, waiting by `sleep`.
    #[must_use]
    pub fn sleeping(mut self, sleep: fn(Duration)) -> Self {
        self.sleep = sleep;
        self
    }

    /// Waits as the answer asks, or longer with each attempt (0 first). False if it is not worth it.
    pub fn wait(&self, answer: Option<&Answer>, attempt: u32) -> bool {
        let wait = answer
            .and_then(|answer| answer.wait)
            .unwrap_or(Duration::from_secs(1 << attempt.min(6)));
        let sum = self.waited.get().saturating_add(wait);
        if attempt + 1 >= ATTEMPTS || wait > LONGEST_WAIT || sum > LONGEST_SUM {
            return false;
        }
        self.waited.set(sum);
        (self.sleep)(wait);
        true
    }

    /// Sends a request until it is answered for good. `path` starts with a slash.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat,
    ) -> Result<Answer, HttpError> {
        let mut attempt = 0;
        loop {
            let result = self.once(method, path, body);
            let (again, answer) = match &result {
                Ok(answer) => (
                    answer.wait.is_some() || (repeat == Repeat::Always && answer.is_passing()),
                    Some(answer),
                ),
                Err(HttpError::NoAnswer { .. }) => (repeat == Repeat::Always, None),
                Err(_) => (false, None),
            };
            if !again || !self.wait(answer, attempt) {
                return result;
            }
            attempt += 1;
        }
    }

    /// All pages of a list, as far as they can be had; the answer of the first page that failed else.
    pub fn list(&self, path: &str) -> Result<Result<Vec<Value>, Answer>, HttpError> {
        let mut all = Vec::new();
        for page in 1..=100 {
            let answer = self.send(
                "GET",
                &format!("{path}?per_page=100&page={page}"),
                None,
                Repeat::Always,
            )?;
            match answer {
                Answer { body: Value::Array(items), status: 200, .. } => {
                    let last = items.len() < 100;
                    all.extend(items);
                    if last {
                        break;
                    }
                }
                other => return Ok(Err(other)),
            }
        }
        Ok(Ok(all))
    }

    fn once(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, HttpError> {
        let mut address = format!("{}{path}", self.base);
        for _ in 0..=REDIRECTS {
            let (status, headers, text) = self.exchange(method, path, &address, body)?;
            if !matches!(status, 301 | 302 | 307 | 308) {
                let body = serde_json::from_str(&text).unwrap_or(Value::Null);
                return Ok(Answer { wait: wait_for(status, &headers, &body), status, body });
            }
            let to =
                headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
            // A renamed repository answers with another address of the same API.
            let target = if to.starts_with('/') && !to.starts_with("//") {
                format!("{}{to}", origin(&self.base))
            } else {
                to.to_owned()
            };
            if origin(&target) != origin(&self.base) {
                let to = plain::line(&origin(&target)).into_owned();
                return Err(HttpError::Redirected { method: method.into(), path: path.into(), to });
            }
            address = target;
        }
        Err(HttpError::NoAnswer {
            method: method.into(),
            path: path.into(),
            message: "too many redirects".into(),
        })
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        address: &str,
        body: Option<&Value>,
    ) -> Result<(u16, HeaderMap, String), HttpError> {
        let failed = |message: String| HttpError::NoAnswer {
            method: method.into(),
            path: path.into(),
            message: plain::line(&self.secret.hide(&message)).into_owned(),
        };
        let mut request =
            Request::builder().method(method).uri(address).header(self.header.0, &self.header.1);
        for (name, value) in self.more {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => {
                let request = request
                    .header("content-type", "application/json")
                    .body(body.to_string())
                    .map_err(|error| failed(error.to_string()))?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(()).map_err(|error| failed(error.to_string()))?),
        };
        let mut response = sent.map_err(|error| failed(error.to_string()))?;
        let text = response
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES)
            .lossy_utf8(true)
            .read_to_string()
            .map_err(|error| failed(error.to_string()))?;
        Ok((response.status().as_u16(), response.headers().clone(), self.secret.hide(&text)))
    }
}

/// The certificates that the system trusts are trusted.
#[cfg(feature = "tls")]
fn with_tls(config: AgentConfig) -> AgentConfig {
    use ureq::tls::{RootCerts, TlsConfig};
    config.tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
}

#[cfg(not(feature = "tls"))]
fn with_tls(config: AgentConfig) -> AgentConfig {
    config
}

/// An API is reached by https; by http only on this machine, for tests and proxies.
fn check_address(base: &str) -> Result<(), HttpError> {
    let wrong = || HttpError::Address(base.to_owned());
    let uri: Uri = base.parse().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?;
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match uri.scheme_str() {
        Some("https") if cfg!(feature = "tls") => Ok(()),
        Some("https") => Err(HttpError::NoTls(base.to_owned())),
        Some("http") if local => Ok(()),
        _ => Err(wrong()),
    }
}

/// Scheme, host and port; empty if there is none.
fn origin(address: &str) -> String {
    let Ok(uri) = address.parse::<Uri>() else { return String::new() };
    match (uri.scheme_str(), uri.host()) {
        (Some(scheme), Some(host)) => {
            let port = uri.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 });
            format!("{scheme}://{}:{port}", host.to_ascii_lowercase())
        }
        _ => String::new(),
    }
}

/// How long a refusal for the number of requests lasts. A 403 without such a sign is a refusal for good.
fn wait_for(status: u16, headers: &HeaderMap, body: &Value) -> Option<Duration> {
    if !matches!(status, 403 | 429 | 503) {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    let spent =
        number("x-ratelimit-remaining").or_else(|| number("ratelimit-remaining")) == Some(0);
    if let Some(reset) = number("x-ratelimit-reset")
        .or_else(|| number("ratelimit-reset"))
        .filter(|_| spent || status == 429)
    {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        return Some(Duration::from_secs(reset.saturating_sub(now) + 1));
    }
    let says = body.get("message").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    // GitHub asks to wait a minute when it does not say for how long.
    (status == 429 || says.contains("rate limit")).then_some(Duration::from_secs(60))
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

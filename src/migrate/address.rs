//! The forms of addresses that git understands, and the secrets in them: an address is kept, shown
//! and given to git without its login, which goes to git by the environment.

use std::fmt;

/// An address taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The address without secrets: what is shown, stored and named to git.
    pub(crate) plain: String,
    /// Who logs in, if the address says it.
    pub(crate) login: Option<Login>,
}

/// Who logs in. Its `Debug` says nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// As it stands in the address, without the `@`.
    text: String,
    /// Whether something stood behind a question mark or the like, which git would show to everyone on the machine.
    query: bool,
    /// `https://host:port`, or empty for addresses that ssh opens.
    site: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(***)")
    }
}

/// Names that everyone uses with ssh: no secret, and without them it would be another address.
const COMMON: &[&str] = &["git", "hg"];

impl Login {
    /// The name, as a person would type it.
    pub(crate) fn user(&self) -> String {
        decoded(self.text.split_once(':').map_or(self.text.as_str(), |(user, _)| user))
    }

    /// The password or token, as a person would type it.
    pub(crate) fn password(&self) -> Option<String> {
        self.text.split_once(':').map(|(_, password)| decoded(password))
    }

    /// The address of the server, for git's `credential.URL` settings; `None` for ssh.
    pub(crate) fn site(&self) -> Option<&str> {
        (!self.site.is_empty()).then_some(self.site.as_str())
    }

    /// Why git cannot be given this login without showing it to others; `None` if it can.
    pub(crate) fn obstacle(&self) -> Option<&'static str> {
        let control = |text: String| text.chars().any(char::is_control);
        if self.query {
            Some(
                "the address holds a query or a fragment, which git would show to everyone on this machine; write a token as https://USER:TOKEN@host/path, or keep it in a credential helper",
            )
        } else if control(self.user()) || self.password().is_some_and(control) {
            Some("the login in the address holds control characters")
        } else if self.site().is_none()
            && (self.user().is_empty() || self.user().contains(['"', ' ', '\\', '%']))
        {
            Some("the login in the address is none that ssh takes")
        } else {
            None
        }
    }

    /// Every form in which the secret may appear in a message.
    pub(crate) fn forms(&self) -> Vec<String> {
        let user = self.user();
        let mut forms = vec![self.text.clone(), decoded(&self.text)];
        forms.extend(self.text.split(':').map(str::to_owned));
        forms.extend(self.password());
        // A short name is a part of many words.
        forms.push(if user.len() < 6 { format!("{user}@") } else { user });
        forms.extend([self.user(), self.password().unwrap_or_default()].map(|form| encoded(&form)));
        forms.retain(|form| form.len() > 2);
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        forms
    }
}

/// Takes an address apart, in whatever form: a URL, a URL behind the name of a transport, or ssh's
/// short form `host:path`.
pub(crate) fn parse(text: &str) -> Parts {
    if let Some((transport, rest)) = text.split_once("::")
        && !transport.is_empty()
        && transport.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        let inner = parse(rest);
        return Parts { plain: format!("{transport}::{}", inner.plain), ..inner };
    }
    match text.split_once("://") {
        Some((scheme, rest)) => url(scheme, rest),
        None => short(text),
    }
}

fn url(scheme: &str, rest: &str) -> Parts {
    let is_file = scheme.eq_ignore_ascii_case("file");
    // A path of this machine may hold any character.
    let end = if is_file { rest.len() } else { rest.find(['?', '#', ';']).unwrap_or(rest.len()) };
    // A password may hold these, too, if nobody encoded it.
    let end =
        if rest[end..].contains('@') && !rest[..end].contains('@') { rest.len() } else { end };
    let (body, tail) = rest.split_at(end);
    let at = if is_file { None } else { login_end(body) };
    let (text, host) = at.map_or(("", body), |at| (&body[..at], &body[at + 1..]));
    let ssh = scheme.to_ascii_lowercase().contains("ssh");
    let plain = format!("{scheme}://{host}");
    if ssh && tail.is_empty() && COMMON.contains(&text) {
        return Parts { plain: format!("{scheme}://{text}@{host}"), login: None };
    }
    let authority = &host[..host.find('/').unwrap_or(host.len())];
    let site = if ssh { String::new() } else { format!("{scheme}://{authority}") };
    let (query, text) = if tail.is_empty() { (false, text) } else { (true, rest) };
    let login = (query || at.is_some()).then(|| Login { text: text.to_owned(), query, site });
    Parts { plain, login }
}

/// `user@host:path`. Without a colon behind the host it is no address of this form.
fn short(text: &str) -> Parts {
    let none = || Parts { plain: text.to_owned(), login: None };
    let Some(at) = text
        .match_indices('@')
        .map(|(at, _)| at)
        .rfind(|at| text[at + 1..].split_once(':').is_some_and(|(host, _)| is_host(host)))
        .or_else(|| text.find(':').and_then(|colon| text[..colon].rfind('@')))
    else {
        return none();
    };
    let (user, rest) = (&text[..at], &text[at + 1..]);
    if COMMON.contains(&user) {
        return none();
    }
    let login = Login { text: user.to_owned(), query: false, site: String::new() };
    Parts { plain: rest.to_owned(), login: Some(login) }
}

/// Where the login of a URL ends: its last `@` before the path; or, if what then would be the host
/// cannot be one, a later `@`: passwords with slashes are not always encoded.
fn login_end(body: &str) -> Option<usize> {
    let authority = &body[..body.find('/').unwrap_or(body.len())];
    let (in_front, host) =
        authority.rfind('@').map_or((None, authority), |at| (Some(at), &authority[at + 1..]));
    if is_host(host) {
        return in_front;
    }
    let later = |is: &dyn Fn(&str) -> bool| {
        let behind = |at: usize| &body[at + 1..];
        let host = |at: usize| behind(at).split('/').next().unwrap_or_default();
        body.match_indices('@').map(|(at, _)| at).rfind(|at| is(host(*at)))
    };
    let port = host.find(':').map_or("", |colon| &host[colon..]);
    later(&is_host)
        // What stands behind the colon is no port, so it is a password, whatever the host is called.
        .or_else(|| if is_port(port) { None } else { later(&|host| !host.is_empty()) })
        .or(in_front)
}

/// Whether this is surely a host: a name with a dot or this machine, with a port that is one. Any
/// other name may be one, too.
fn is_host(text: &str) -> bool {
    if let Some((_, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return is_port(port);
    }
    let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
    let letters = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let known = name.eq_ignore_ascii_case("localhost") || name.trim_matches('.').contains('.');
    letters && known && is_port(port)
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|digits| {
            digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// As git writes a name or password into an address.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `%40` and the like as what they stand for.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let byte = (*first == b'%')
            .then(|| behind.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                rest = &behind[2..];
            }
            None => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address without its login, and the login's name and password.
    fn taken(text: &str) -> (String, Option<(String, Option<String>)>) {
        let parts = parse(text);
        (parts.plain, parts.login.map(|login| (login.user(), login.password())))
    }

    #[track_caller]
    fn is(text: &str, plain: &str, user: &str, password: Option<&str>) {
        let login = Some((user.to_owned(), password.map(str::to_owned)));
        assert_eq!(taken(text), (plain.to_owned(), login), "{text}");
    }

    #[test]
    fn logins_are_found_in_every_form() {
        is("https://ada:s3cret@host.org/x.git", "https://host.org/x.git", "ada", Some("s3cret"));
        is("https://tok@host.org/x.git", "https://host.org/x.git", "tok", None);
        is("https://:tok@host.org:8443/x", "https://host.org:8443/x", "", Some("tok"));
        is("https://a%40b:p%2Fq@host.org/x", "https://host.org/x", "a@b", Some("p/q"));
        is("https://a@b:p@q@host.org/x", "https://host.org/x", "a@b", Some("p@q"));
        is("https://ada:pa/ss@host.org/x", "https://host.org/x", "ada", Some("pa/ss"));
        is("https://ada:p@ss/w@rd@host.org/x", "https://host.org/x", "ada", Some("p@ss/w@rd"));
        is("https://ada:pa/ss@intranet/x", "https://intranet/x", "ada", Some("pa/ss"));
        is("https://to/ken@host.org/x", "https://host.org/x", "to/ken", None);
        is("https://ada:12/34@host.org/x", "https://host.org/x", "ada", Some("12/34"));
        is("http://ada:s@127.0.0.1:80/x", "http://127.0.0.1:80/x", "ada", Some("s"));
        is("http://ada:s@[::1]:80/x", "http://[::1]:80/x", "ada", Some("s"));
        is("ssh://tok@host.org:22/x", "ssh://host.org:22/x", "tok", None);
        is("ssh://ada:s3cret@host.org/x", "ssh://host.org/x", "ada", Some("s3cret"));
        is("git+ssh://tok@host.org/x", "git+ssh://host.org/x", "tok", None);
        is("tok@host.org:a/b.git", "host.org:a/b.git", "tok", None);
        is("ada:s3cret@host.org:a/b.git", "host.org:a/b.git", "ada", Some("s3cret"));
        is("to/ken@host.org:a/b.git", "host.org:a/b.git", "to/ken", None);
        is("tok@intranet:a/b.git", "intranet:a/b.git", "tok", None);
        is("codecommit::https://a:b@host.org/x", "codecommit::https://host.org/x", "a", Some("b"));
    }

    #[test]
    fn addresses_without_a_login_stay() {
        for text in [
            "https://host.org/x.git",
            "https://host.org:8443/@scope/x@1.git",
            "https://intranet/x.git",
            "https://intranet:8080/a@b/x.git",
            "git@host.org:a/b.git",
            "ssh://git@host.org/a/b.git",
            "file:///srv/a@b:c/x?y.git",
            "host.org:a@b/x.git",
            "host:a/b.git",
        ] {
            assert_eq!(taken(text), (text.to_owned(), None), "{text}");
        }
    }

    #[test]
    fn a_query_is_a_secret_that_git_cannot_keep() {
        for text in [
            "https://host.org/x.git?private_token=s3cret",
            "https://host.org/x.git;token=s3cret",
            "https://ada:p@host.org/x.git#s3cret",
            "https://ada:p?q@host.org/x.git",
        ] {
            let parts = parse(text);
            assert!(!parts.plain.contains("s3cret") && !parts.plain.contains('?'), "{parts:?}");
            let login = parts.login.expect("a login");
            assert!(login.obstacle().is_some() || text.contains("p?q"), "{text}");
            assert!(!format!("{login:?}").contains("s3cret"));
        }
    }
}

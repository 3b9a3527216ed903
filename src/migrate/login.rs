//! A login on its way to git: by the environment of the one command that needs it, never by its
//! arguments, which every user of a machine can list, and never by a file that stays.

use super::address::Login;
use std::io::Write;
use tempfile::NamedTempFile;

/// The settings and variables that give git a login.
#[derive(Debug)]
pub(crate) struct Given {
    variables: Vec<(String, String)>,
    /// Settings of ssh that name the user; they go with this.
    _ssh: Option<NamedTempFile>,
}

/// Answers git's question for a login from the environment.
const HELPER: &str = "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \"$SPAWNSAFE_GIT_USERNAME\" \"$SPAWNSAFE_GIT_PASSWORD\"; }; f";

impl Given {
    /// Prepares the login; `variable` looks up one of the environment, `configured` a setting of git.
    pub(crate) fn new(
        login: Option<&Login>,
        variable: &dyn Fn(&str) -> Option<String>,
        configured: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let Some(login) = login else {
            return Ok(Self { variables: Vec::new(), _ssh: None });
        };
        if let Some(obstacle) = login.obstacle() {
            return Err(obstacle.to_owned());
        }
        match login.site() {
            Some(site) => Ok(Self { variables: web(login, site, variable), _ssh: None }),
            None => ssh(login, variable, configured),
        }
    }

    /// The variables, for the command.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// git's settings by the environment, behind those that the user gives in the same way.
fn web(
    login: &Login,
    site: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<(String, String)> {
    let before = variable("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
    let key = |name: &str| format!("credential.{site}.{name}");
    let mut settings = Vec::new();
    let mut variables = Vec::new();
    // git sends no login without a name. Servers that look at a token only take any.
    let user = Some(login.user()).filter(|user| !user.is_empty()).unwrap_or("oauth2".to_owned());
    if let Some(password) = login.password() {
        // An empty helper takes the user's own ones away: they must not be asked, nor be told.
        settings.extend([(key("helper"), String::new()), (key("helper"), HELPER.to_owned())]);
        variables.push(("SPAWNSAFE_GIT_USERNAME".to_owned(), user.clone()));
        variables.push(("SPAWNSAFE_GIT_PASSWORD".to_owned(), password));
    }
    settings.push((key("username"), user));
    let count = before + settings.len();
    for (number, (key, value)) in (before..).zip(settings) {
        variables.push((format!("GIT_CONFIG_KEY_{number}"), key));
        variables.push((format!("GIT_CONFIG_VALUE_{number}"), value));
    }
    variables.push(("GIT_CONFIG_COUNT".to_owned(), count.to_string()));
    variables
}

/// ssh takes a user from its settings; as an argument everybody would see it.
fn ssh(
    login: &Login,
    variable: &dyn Fn(&str) -> Option<String>,
    configured: &dyn Fn(&str) -> Option<String>,
) -> Result<Given, String> {
    let failed = |error: std::io::Error| format!("settings for ssh: {error}");
    let mut file = tempfile::Builder::new().prefix("spawnsafe-ssh-").tempfile().map_err(failed)?;
    write!(
        file,
        "Host *\n  User \"{}\"\nInclude ~/.ssh/config\nInclude /etc/ssh/ssh_config\n",
        login.user()
    )
    .map_err(failed)?;
    let program = variable("GIT_SSH_COMMAND")
        .or_else(|| configured("core.sshCommand"))
        .or_else(|| variable("GIT_SSH").map(|path| quoted(&path)))
        .unwrap_or_else(|| "ssh -o BatchMode=yes".to_owned());
    let command = format!("{program} -F {}", quoted(&file.path().to_string_lossy()));
    let variables = vec![("GIT_SSH_COMMAND".to_owned(), command)];
    Ok(Given { variables, _ssh: Some(file) })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

//! `greffe logout`: forgets who one is.

use hyper::Method;

use crate::cli::{
    client::api::Tokens,
    error::{Error, Exit},
    session::Session,
};

/// Signs out: revokes the token of this sign-in and forgets it.
///
/// The log's key and its newest checkpoint are kept, so that a later sign-in still notices another log.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  greffe logout
  greffe logout --local")]
pub struct Logout {
    /// Forgets the token here without telling the service, which still accepts it.
    #[arg(long)]
    local: bool,
}

impl Logout {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the service cannot be told; then nothing is forgotten.
    pub async fn run(self, session: &Session) -> Result<Exit, Error> {
        let profile = session.profile()?;
        if profile.login()?.is_none() {
            session.terminal.note("already-signed-out", &[]);
            return Ok(Exit::Nothing);
        }
        if !self.local && profile.path("token").exists() {
            let client = session.client()?;
            let revoked = async {
                let tokens: Tokens = client.get(&["api", "v1", "tokens"]).read().await?;
                if let Some(token) = tokens.tokens.iter().find(|token| token.current) {
                    client.ask(Method::DELETE, &["api", "v1", "tokens", &token.id]).send().await?;
                }
                Ok::<_, crate::cli::client::Error>(())
            };
            match revoked.await.map_err(Error::from) {
                Err(error) if error.exit != Exit::Authentication => return Err(error),
                _ => {}
            }
        }
        profile.forget("token")?;
        profile.forget("login.toml")?;
        session.terminal.note("signed-out", &[]);
        Ok(Exit::Done)
    }
}

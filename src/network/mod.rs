//! What weft asks of others, when it is told to: advisories and what is known of packages. The only room that names
//! reqwest and tokio; nothing else opens a connection.
//!
//! Every answer is bounded: in bytes, in the time between two of them, in tries, and in the time of the whole run. What
//! arrives is bytes of a stranger; whoever asked checks them.

mod exchange;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};

pub(crate) use exchange::shown;

/// How long and how often is asked.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The time that a connection may take.
    pub connect: Duration,
    /// The time that may pass without a byte.
    pub silence: Duration,
    /// The time of all requests of a run together.
    pub total: Duration,
    /// How often one request is made when a server is busy or a connection breaks.
    pub tries: u32,
    /// The pause before the second try; each further one doubles it.
    pub pause: Duration,
    /// How many requests are made at once.
    pub parallel: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            total: Duration::from_secs(600),
            tries: 4,
            pause: Duration::from_millis(500),
            parallel: 8,
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    url: String,
    body: Option<Vec<u8>>,
    etag: Option<String>,
    most: u64,
}

impl Request {
    /// Asks for what is at `url`, of which at most `most` bytes are taken.
    pub fn get(url: impl Into<String>, most: u64) -> Self {
        Request { url: url.into(), body: None, etag: None, most }
    }

    /// Sends `json` to `url`.
    pub fn post(url: impl Into<String>, json: Vec<u8>, most: u64) -> Self {
        Request { body: Some(json), ..Request::get(url, most) }
    }

    /// Asks only for what is not of this ETag.
    pub fn unless(mut self, etag: Option<&str>) -> Self {
        self.etag = etag.map(str::to_owned);
        self
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for.
    Body {
        /// All of it.
        bytes: Vec<u8>,
        /// What tells this content from another.
        etag: Option<String>,
    },
    /// It is still of the ETag that was named.
    Same,
    /// There is nothing.
    Missing,
}

/// Asks servers. One serves a run: its time is counted from its making.
pub struct Client {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    limits: Limits,
    until: Instant,
}

impl Client {
    /// Makes a client. Proxies are those of the environment, as other programs take them; certificates are those that the
    /// system trusts. Errors: the system has none.
    pub fn new(limits: Limits) -> Result<Client> {
        // A second installation is the same provider: whoever came first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cannot = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Io, "cannot make ready to ask the network")
                .because(error)
                .hint("check the system's certificates and the proxy variables of the environment")
        };
        let http = reqwest::Client::builder()
            .user_agent(concat!("weft/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .read_timeout(limits.silence)
            .redirect(reqwest::redirect::Policy::custom(exchange::redirect))
            .build()
            .map_err(|error| cannot(error.into()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| cannot(error.into()))?;
        let until = Instant::now() + limits.total;
        Ok(Client { http, runtime, limits, until })
    }

    /// Makes one request. Errors name the address, what was wrong, and what to do.
    pub fn ask(&self, request: &Request) -> Result<Answer> {
        self.runtime.block_on(exchange::asked(
            self.http.clone(),
            request.clone(),
            self.limits.clone(),
            self.until,
        ))
    }

    /// Makes many requests, some at once, and hands each answer to `take` with its number as it comes; `take` says
    /// whether to go on. Errors: those of `take`; what one request met is its answer.
    pub fn ask_all(
        &self,
        requests: Vec<Request>,
        mut take: impl FnMut(usize, Result<Answer>) -> Result<()>,
    ) -> Result<()> {
        self.runtime.block_on(async {
            let mut open = tokio::task::JoinSet::new();
            let mut waiting = requests.into_iter().enumerate();
            loop {
                while open.len() < self.limits.parallel.max(1)
                    && let Some((number, request)) = waiting.next()
                {
                    let (http, limits, until) = (self.http.clone(), self.limits.clone(), self.until);
                    open.spawn(async move { (number, exchange::asked(http, request, limits, until).await) });
                }
                match open.join_next().await {
                    Some(Ok((number, answer))) => take(number, answer)?,
                    Some(Err(lost)) => {
                        return Err(Error::new(ErrorKind::Bug, "a request was lost").because(lost));
                    }
                    None => return Ok(()),
                }
            }
        })
    }

    /// Writes what is at `url` into `file`, behind what is there of it already: `etag` tells whose beginning that is, and
    /// nothing that it is of no use. `begun` is told the ETag whenever the file starts anew. `false`: there is nothing at
    /// this address. Errors leave in the file what arrived, for the next try.
    pub fn download(
        &self,
        url: &str,
        most: u64,
        file: &mut File,
        mut etag: Option<String>,
        begun: &mut dyn FnMut(Option<&str>) -> Result<()>,
    ) -> Result<bool> {
        self.runtime.block_on(async {
            let mut tries = 0;
            loop {
                tries += 1;
                let there = exchange::fetched(&self.http, url, most, file, &mut etag, begun);
                match exchange::within(self.until, url, there).await {
                    Ok(there) => return Ok(there),
                    Err(failed) => failed.wait(tries, &self.limits, self.until).await?,
                }
            }
        })
    }
}

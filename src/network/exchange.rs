//! One request and its answer, tried again when that may help.

use std::fs::File;
use std::future::Future;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH, IF_RANGE, RANGE,
    RETRY_AFTER, TRANSFER_ENCODING,
};
use reqwest::redirect::{Action, Attempt};
use reqwest::{Response, StatusCode};

use super::{Answer, Limits, Request};
use crate::error::{Error, ErrorKind, Result};

/// How often one address may send on to another.
const REDIRECTS: usize = 4;

/// Why a try failed, and whether another may help.
pub(super) struct Failed {
    error: Error,
    again: bool,
    /// The pause that the server asks for.
    after: Option<Duration>,
}

impl Failed {
    fn for_good(error: Error) -> Self {
        Failed { error, again: false, after: None }
    }

    fn for_now(error: Error) -> Self {
        Failed { error, again: true, after: None }
    }

    /// Waits for the next try. Errors: there is none, or no time for one.
    pub(super) async fn wait(self, tries: u32, limits: &Limits, until: Instant) -> Result<()> {
        if !self.again || tries >= limits.tries {
            return Err(self.error);
        }
        let doubled = limits.pause.saturating_mul(1 << tries.min(16).saturating_sub(1));
        // Many who wait equally long come back at once.
        let mut random = [0];
        let jitter = getrandom::fill(&mut random).map_or(0, |()| u32::from(random[0]));
        let pause = self.after.unwrap_or(doubled + doubled / 512 * jitter);
        if Instant::now() + pause >= until {
            return Err(self.error.hint("the time for all requests is over; try again later"));
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Follows a few redirects, and never from an encrypted address to one that is not.
pub(super) fn redirect(attempt: Attempt<'_>) -> Action {
    let was_secret = attempt.previous().iter().any(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS {
        attempt.error("it sends on to others without end")
    } else if was_secret && attempt.url().scheme() != "https" {
        attempt.error("it sends on to an address without encryption")
    } else {
        attempt.follow()
    }
}

/// The address without what only its owner should read.
pub(crate) fn shown(url: &str) -> String {
    let text = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or(host))
        }
        None => url.to_owned(),
    };
    let text = text.split(['?', '#']).next().unwrap_or_default();
    crate::finding::printable(text)
}

fn wrong(url: &str, what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Io, format!("{}: {what}", shown(url)))
}

fn broken(url: &str, error: reqwest::Error) -> Failed {
    let what = if error.is_timeout() { "does not answer in time" } else { "the connection fails" };
    let again = !error.is_builder() && !error.is_redirect();
    let what = if error.is_builder() { "is no address that can be asked" } else { what };
    let error = wrong(url, what).because(error.without_url());
    Failed { error: error.hint("check the network, the proxy and the address"), again, after: None }
}

/// Makes `attempt` within the time of the run.
pub(super) async fn within<T>(
    until: Instant,
    url: &str,
    attempt: impl Future<Output = Result<T, Failed>>,
) -> Result<T, Failed> {
    match tokio::time::timeout_at(until.into(), attempt).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failed::for_good(
            wrong(url, "is not done in the time that all requests have")
                .hint("try again; what arrived is kept"),
        )),
    }
}

/// Makes a request, again and again as `limits` allow.
pub(super) async fn asked(
    http: reqwest::Client,
    request: Request,
    limits: Limits,
    until: Instant,
) -> Result<Answer> {
    let mut tries = 0;
    loop {
        tries += 1;
        match within(until, &request.url, once(&http, &request)).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed.wait(tries, &limits, until).await?,
        }
    }
}

async fn once(http: &reqwest::Client, request: &Request) -> Result<Answer, Failed> {
    let url = &request.url;
    let mut building = match &request.body {
        Some(json) => http.post(url).header(CONTENT_TYPE, "application/json").body(json.clone()),
        None => http.get(url),
    };
    building = building.header(ACCEPT_ENCODING, "identity");
    if let Some(etag) = &request.etag {
        building = building.header(IF_NONE_MATCH, etag);
    }
    let response = building.send().await.map_err(|error| broken(url, error))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if request.etag.is_some() => return Ok(Answer::Same),
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Answer::Missing),
        status => return Err(refused(url, status, response.headers())),
    }
    sized(url, &response, request.most)?;
    let etag = etag_of(&response);
    let mut bytes = Vec::new();
    let mut response = response;
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, error))? {
        if (bytes.len() + chunk.len()) as u64 > request.most {
            return Err(too_long(url, request.most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Answer::Body { bytes, etag })
}

/// As [`super::Client::download`], one try.
pub(super) async fn fetched(
    http: &reqwest::Client,
    url: &str,
    most: u64,
    file: &mut File,
    etag: &mut Option<String>,
    begun: &mut dyn FnMut(Option<&str>) -> Result<()>,
) -> Result<bool, Failed> {
    let disk = |error: std::io::Error| {
        Failed::for_good(
            Error::new(ErrorKind::Io, "cannot write what is downloaded")
                .because(error)
                .hint("check that the disk is not full; the old data stays in use"),
        )
    };
    let have = file.metadata().map_err(disk)?.len();
    let mut building = http.get(url).header(ACCEPT_ENCODING, "identity");
    let known = etag.clone().filter(|_| have > 0);
    if let Some(etag) = &known {
        building = building.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, etag);
    }
    let mut response = building.send().await.map_err(|error| broken(url, error))?;
    let mut length = have;
    match response.status() {
        StatusCode::PARTIAL_CONTENT if known.is_some() && starts_at(&response, have) => {}
        StatusCode::OK => {
            *etag = etag_of(&response);
            file.set_len(0).map_err(disk)?;
            begun(etag.as_deref()).map_err(Failed::for_good)?;
            length = 0;
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(false),
        status => {
            // What is here does not fit what is there: from the start, then.
            let unfit = matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE);
            if unfit && known.is_some() {
                *etag = None;
                file.set_len(0).map_err(disk)?;
                return Err(Failed::for_now(wrong(url, "cannot be taken up where it was left")));
            }
            return Err(refused(url, status, response.headers()));
        }
    }
    sized(url, &response, most.saturating_sub(length))?;
    file.seek(SeekFrom::Start(length)).map_err(disk)?;
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(url, error))? {
        length += chunk.len() as u64;
        if length > most {
            file.set_len(0).map_err(disk)?;
            return Err(too_long(url, most));
        }
        file.write_all(&chunk).map_err(disk)?;
    }
    file.sync_all().map_err(disk)?;
    Ok(true)
}

fn starts_at(response: &Response, at: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")))
}

fn etag_of(response: &Response) -> Option<String> {
    let etag = response.headers().get(ETAG)?.to_str().ok()?;
    // A weak one does not promise the same bytes.
    (etag.len() <= 256 && !etag.starts_with("W/")).then(|| etag.to_owned())
}

/// An answer that says neither how long it is nor where it ends cannot be told from one that was cut.
fn sized(url: &str, response: &Response, most: u64) -> Result<(), Failed> {
    match response.content_length() {
        Some(length) if length > most => Err(too_long(url, most)),
        Some(_) => Ok(()),
        None if response.headers().contains_key(TRANSFER_ENCODING) => Ok(()),
        None => Err(Failed::for_good(wrong(url, "the answer does not say how long it is"))),
    }
}

fn too_long(url: &str, most: u64) -> Failed {
    Failed::for_good(wrong(url, format_args!("the answer is longer than {most} bytes")))
}

fn refused(url: &str, status: StatusCode, headers: &HeaderMap) -> Failed {
    let again = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let after = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
    let error = wrong(url, format_args!("the server answers {status}"));
    let hint = if again { "try again later" } else { "check the address" };
    Failed { error: error.hint(hint), again, after: after.map(Duration::from_secs) }
}

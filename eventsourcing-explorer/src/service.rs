//! The service behind the router: checks a request, finds its page, and answers.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::access::{COOKIE, Operator, Scope, csrf_of, guard};
use crate::failure::Failure;
use crate::gather::{Answer, Asked};
use crate::operations::Fields;
use crate::pages::{failed, failed_json, sign_in};
use crate::shared::Service;
use crate::site::{Act, Form, Links, Look, Page, Route, Wanted, Watched};

/// How long a page may take. A database that does not answer in this time is reported as unavailable.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an act is waited for. It is not interrupted, and the audit shows its outcome.
const LONGEST_ACT: Duration = Duration::from_secs(30);

/// The longest body: a token and the page to which it leads.
const MAX_BODY: usize = 8 * 1024;

/// Answers a request.
pub(crate) async fn answer(State(service): State<Arc<Service>>, original: OriginalUri, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let is_json = path.ends_with(".json");
    let response = match service.checked(&parts, body, &original).await {
        Ok(response) => response,
        Err(failure) => {
            if failure == Failure::ForeignHost {
                tracing::warn!("the explorer refused a request for a host name that `Explorer::host` does not name");
            }
            service.refusal(failure, &parts, is_json)
        }
    };
    guard(response)
}

impl Service {
    async fn checked(&self, parts: &Parts, body: Body, original: &OriginalUri) -> Result<Response, Failure> {
        self.hosts.check(parts)?;
        let route = Route::read(parts.uri.path())?;
        let allowed = route.methods();
        if !allowed.split(", ").any(|method| parts.method.as_str() == method) {
            return Err(Failure::Method(allowed));
        }
        let held = self.permits.request()?;
        let response = match route {
            Route::Root => to_overview(original),
            Route::Asset(asset) => asset.response(),
            Route::SignIn if parts.method == Method::POST => self.signed_in(parts, body, original).await?,
            Route::SignIn => self.sign_in_page(parts, "", false)?,
            Route::SignOut => signed_out(parts, original),
            Route::Act(act, form) => self.acted(act, form, parts, body).await?,
            Route::Page(page, form) => {
                let operator = self.operator(parts).ok_or(Failure::SignInNeeded)?;
                let look = Look::read(parts.uri.query())?;
                let asked = Asked { service: self, parts, operator: &operator, links: links(parts, look), form };
                if let Page::Of(name, Wanted::Tail) = page {
                    // the stream is no request that ends soon: it has a permit of its own
                    let stream = self.permits.stream()?;
                    return asked.tail(name).map(|response| stream.until_end_of(response));
                }
                match tokio::time::timeout(PATIENCE, asked.answer(page)).await {
                    Ok(answer) => of_answer(answer?, form),
                    Err(_) => return Err(Failure::Unavailable),
                }
            }
        };
        Ok(held.until_end_of(response))
    }

    fn operator(&self, parts: &Parts) -> Option<Operator> {
        if let Some(operator) = self.hook.as_ref().and_then(|hook| hook(parts)) {
            return Some(operator);
        }
        let token = self.token.as_ref()?;
        token.is_in(&parts.headers).then(|| {
            let operator = Operator::new("signed in by token");
            let payload = self.show_payloads.then_some(Scope::Payload);
            self.allowed.iter().copied().chain(payload).fold(operator, Operator::with_scope)
        })
    }

    /// Does what an operator asks for, and leads to a page that shows the outcome.
    async fn acted(&self, act: Act, form: Form, parts: &Parts, body: Body) -> Result<Response, Failure> {
        let operator = self.operator(parts).ok_or(Failure::SignInNeeded)?;
        let look = Look::read(parts.uri.query())?;
        let fields = tokio::time::timeout(PATIENCE, Fields::read(body)).await.map_err(|_| Failure::Unavailable)??;
        self.csrf.check(parts, &operator, self.token.as_ref(), csrf_of(&fields.0))?;
        let asked = Asked { service: self, parts, operator: &operator, links: links(parts, look), form };
        match tokio::time::timeout(LONGEST_ACT, asked.act(act, &fields)).await {
            Ok(answer) => Ok(of_answer(answer?, form)),
            // it goes on, and the audit shows its outcome
            Err(_) => Ok(see_other(&asked.links.to(Watched::Audit.path(), &[]))),
        }
    }

    async fn signed_in(&self, parts: &Parts, body: Body, original: &OriginalUri) -> Result<Response, Failure> {
        const UNREADABLE: Failure = Failure::BadRequest("The form cannot be read.");
        let token = self.token.as_ref().ok_or(Failure::NotFound("This explorer has no token to sign in with."))?;
        let body = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, MAX_BODY)).await;
        let body = body.map_err(|_| UNREADABLE)?.map_err(|_| UNREADABLE)?;
        let (mut given, mut then) = (String::new(), String::new());
        for (name, value) in form_urlencoded::parse(&body) {
            match &*name {
                "token" => given = value.into_owned(),
                "then" => then = value.into_owned(),
                _ => {}
            }
        }
        if !token.is(given.trim()) {
            return self.sign_in_page(parts, &then, true);
        }
        let mut response = see_other(&format!("./{}", page_of(&then)));
        set_cookie(&mut response, parts, original, &format!("{}; Max-Age=43200", token.cookie()));
        Ok(response)
    }

    fn sign_in_page(&self, parts: &Parts, then: &str, was_wrong: bool) -> Result<Response, Failure> {
        if self.token.is_none() {
            return Err(Failure::NotFound("This explorer has no token to sign in with."));
        }
        let look = Look::read(parts.uri.query()).unwrap_or_default();
        let page = sign_in(links(parts, look), then, was_wrong).into_string();
        Ok(html(if was_wrong { StatusCode::UNAUTHORIZED } else { StatusCode::OK }, page))
    }

    fn refusal(&self, failure: Failure, parts: &Parts, is_json: bool) -> Response {
        let path = parts.uri.path().trim_start_matches('/');
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let links = links(parts, Look::read(parts.uri.query()).unwrap_or_default());
        let mut response = if is_json {
            content(failure.status(), "application/json", failed_json(failure))
        } else if path.is_empty() {
            content(failure.status(), "text/plain; charset=utf-8", failure.title().to_owned())
        } else if failure == Failure::SignInNeeded && self.token.is_some() {
            html(failure.status(), sign_in(links, page_of(&format!("{path}{query}")), false).into_string())
        } else {
            let again = Route::read(parts.uri.path()).is_ok_and(|route| matches!(route, Route::Page(_, Form::Html)));
            let again = again.then(|| format!("{}{path}{query}", links.to_mount));
            html(failure.status(), failed(links, failure, again.as_deref()).into_string())
        };
        let headers = response.headers_mut();
        match failure {
            Failure::Method(allowed) => drop(headers.insert(header::ALLOW, HeaderValue::from_static(allowed))),
            Failure::SignInNeeded => drop(headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Failure::Busy => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => {}
        }
        response
    }
}

/// The links of the page that a request asks for.
fn links(parts: &Parts, look: Look) -> Links {
    const UP: [&str; 8] = [
        "",
        "../",
        "../../",
        "../../../",
        "../../../../",
        "../../../../../",
        "../../../../../../",
        "../../../../../../../",
    ];
    let depth = parts.uri.path().trim_start_matches('/').matches('/').count();
    Links { to_mount: UP[depth.min(UP.len() - 1)], look }
}

/// The path and the parameters of a page of the explorer; the overview instead of anything else.
fn page_of(then: &str) -> &str {
    let path = then.split_once('?').map_or(then, |(path, _)| path);
    let is_page =
        matches!(Route::read(path), Ok(Route::Page(page, Form::Html)) if !matches!(page, Page::Of(_, Wanted::Tail)));
    if is_page && HeaderValue::from_str(then).is_ok() { then } else { "overview" }
}

/// Leads from the mount to the overview. Without a slash at its end, links would be relative to what is above it.
fn to_overview(original: &OriginalUri) -> Response {
    let last = original.0.path().rsplit('/').next().unwrap_or_default();
    see_other(&if last.is_empty() { "./overview".to_owned() } else { format!("./{last}/overview") })
}

fn signed_out(parts: &Parts, original: &OriginalUri) -> Response {
    let mut response = see_other("./login");
    set_cookie(&mut response, parts, original, "; Max-Age=0");
    response
}

/// Sets the cookie for the paths of the explorer alone.
fn set_cookie(response: &mut Response, parts: &Parts, original: &OriginalUri, value: &str) {
    let whole = original.0.path();
    let mount = whole.strip_suffix(parts.uri.path()).unwrap_or_default();
    let mount = if mount.is_empty() { "/" } else { mount };
    let is_https = |name: &str, start: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with(start))
    };
    let secure = if is_https("origin", "https://") || is_https("x-forwarded-proto", "https") { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={value}; Path={mount}; HttpOnly; SameSite=Strict{secure}");
    // a path of a URI and a cookie of hexadecimal digits are valid in a header
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn see_other(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("./overview"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}

fn of_answer(answer: Answer, form: Form) -> Response {
    match (answer, form) {
        (Answer::Elsewhere(to), _) => see_other(&to),
        (Answer::File(kind, name, file), _) => attached(kind, name, file),
        (Answer::Page(page), Form::Html) => html(StatusCode::OK, page),
        (Answer::Page(page), Form::Json) => content(StatusCode::OK, "application/json", page),
    }
}

/// A file that the browser saves.
fn attached(kind: &'static str, name: &'static str, file: String) -> Response {
    let mut response = content(StatusCode::OK, kind, file);
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

fn html(status: StatusCode, page: String) -> Response {
    content(status, "text/html; charset=utf-8", page)
}

fn content(status: StatusCode, kind: &'static str, page: String) -> Response {
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

"""The page that shows a person how the bot is doing; plain HTML that also fits a phone."""

from datetime import datetime
from html import escape

from bot.services.health import Health
from bot.telemetry import Queue

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

_WORDS = {
    "inbox": "Binnengekomen",
    "outbox": "Te versturen",
    "translations": "Te vertalen",
    "reminders": "Herinneringen",
    "update": "bericht of tik",
    "message": "bericht",
    "onboarding": "kennismaking",
    "answer": "antwoord",
    "conversation": "gesprek",
    "appointment": "afspraak",
    "reminder": "herinnering",
    "urgent": "spoed",
    "staff": "aan medewerkers",
    "broadcast": "aan velen",
    "set": "instelling",
    "day_before": "dag ervoor",
    "hours_before": "uren ervoor",
    "new": "nieuw",
    "quarantined": "apart gezet",
    "waiting": "wacht op vertaling",
    "held": "vastgehouden: niet bereikbaar",
    "due": "aan de beurt",
    "later": "voor later",
    "claimed": "opgepakt",
    "sending": "wordt verstuurd",
    "uncertain": "onzeker of het aankwam",
    "pending": "nog te doen",
    "overdue": "had al klaar moeten staan",
}

_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1rem;
color:#1b1b1b;background:#fff}
h1{font-size:1.3rem}
.goed,.fout{padding:.75rem 1rem;border-radius:.5rem;font-weight:600}
.goed{background:#e3f4e3;color:#0b4a12}.fout{background:#fde8e6;color:#7a1208}
table{border-collapse:collapse;width:100%}
caption{text-align:left;font-weight:600;padding:.5rem 0}
th,td{text-align:left;padding:.4rem .5rem .4rem 0;border-bottom:1px solid #ddd;vertical-align:top}
.getal{text-align:right;white-space:nowrap}
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}
.goed{background:#12351a;color:#c9f0cd}.fout{background:#4a1510;color:#ffd9d4}
th,td{border-color:#444}a{color:#9cc4ff}}
"""


def render(found: Health, now: datetime) -> str:
    """Return the whole page; it asks for itself anew every ten seconds."""
    heading = "Alles werkt" if found.ready else "Er is iets mis"
    return f"""<!doctype html>
<html lang="nl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>Taalbrug: {heading.lower()}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Taalbrug</h1>
<p class="{"goed" if found.ready else "fout"}" role="status">{heading}</p>
{_reasons(found)}
{_table(found)}
<p>Bekeken op <time datetime="{now.isoformat()}">{now:%d-%m-%Y %H:%M:%S} UTC</time>.
Voor programma's: <a href="health">/health</a>, <a href="metrics">/metrics</a>.</p>
</body>
</html>
"""


def _reasons(found: Health) -> str:
    if not found.reasons:
        return ""
    # They are the sentences of the log and of /health, for whoever runs the program.
    items = "\n".join(f"<li>{escape(reason)}</li>" for reason in found.reasons)
    return f'<ul lang="en">\n{items}\n</ul>'


def _table(found: Health) -> str:
    if not found.live:
        return "<p>De wachtrijen zijn nu niet te lezen.</p>"
    rows = "\n".join(_row(queue) for queue in found.queues if queue.length)
    if not rows:
        return "<p>Er staat niets te wachten.</p>"
    return f"""<table>
<caption>Wat er wacht</caption>
<thead><tr><th scope="col">Wachtrij</th><th scope="col">Stand</th>
<th scope="col" class="getal">Aantal</th><th scope="col" class="getal">Oudste</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>"""


def _row(queue: Queue) -> str:
    return (
        f'<tr><th scope="row">{_word(queue.name)}<br>{_word(queue.kind)}</th>'
        f"<td>{_word(queue.state)}</td>"
        f'<td class="getal">{queue.length}</td>'
        f'<td class="getal">{_age(queue.oldest_seconds)}</td></tr>'
    )


def _word(word: str) -> str:
    return escape(_WORDS.get(word, word))


def _age(seconds: float) -> str:
    if seconds < 1:
        return "–"
    for unit, name in ((_DAY, "dagen"), (_HOUR, "uur"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"

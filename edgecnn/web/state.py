"""The JSON of the live page: facts that are constant in a run, and the state, sent repeatedly."""

import json
from typing import Any

from edgecnn.inference.classifier import Classifier
from edgecnn.inference.provider_facts import short_name
from edgecnn.web.hub import Channel, Hub
from edgecnn.web.pictures import visible_part

TOP = 5
"""How many classes are listed."""


def facts_json(hub: Hub, classifier: Classifier) -> bytes:
    """Return the facts about the model, and the last minute of each source, as JSON."""
    model, now_s = classifier.model, hub.clock()
    height, width, channels = model.spec.shape
    return _json(
        {
            "model": {
                "name": model.card.name,
                "form": model.card.form,
                "input": f"{width}x{height} {'gray' if channels == 1 else 'colour'}",
                "labels": len(model.spec.labels),
                "size_kib": round(model.size_kib),
                "digest": model.digest,
                "provider": short_name(classifier.assignment.provider),
                "accuracy": _accuracy(classifier),
            },
            "threshold": model.spec.reject_threshold,
            "history": {
                channel.number: channel.history.points(now_s) for channel in hub.channels()
            },
        }
    )


def state_json(hub: Hub, classifier: Classifier) -> bytes:
    """Return the current state as JSON."""
    now_s = hub.clock()
    return _json(
        {
            "ended": hub.ended,
            "paused": hub.pause.requested,
            "threshold": classifier.spec.reject_threshold,
            "sources": [_source(hub, channel, classifier) for channel in hub.channels()],
            "events": [
                {
                    "source": event.source,
                    "what": event.what.value,
                    "detail": event.detail,
                    "ago_s": round(max(0.0, now_s - event.at_s)),
                }
                for event in reversed(hub.events())
            ],
        }
    )


def _source(hub: Hub, channel: Channel, classifier: Classifier) -> dict[str, Any]:
    now_s, counts = hub.clock(), channel.counts
    silence_s, step = hub.silence_s(channel), channel.history.newest(now_s)
    return {
        "number": channel.number,
        "name": channel.name,
        "state": channel.state.value,
        "silent_s": None if silence_s is None else round(silence_s),
        "fps": round(channel.history.fps(now_s), 1),
        "latency_ms": round(step.latency_ms, 3) if step else None,
        "age_ms": round(step.age_ms, 2) if step else None,
        "frames": channel.results,
        "dropped": counts and counts.dropped,
        "corrupt": counts and counts.corrupt,
        "reconnects": counts and counts.reconnects,
        **_result(channel, classifier),
    }


def _result(channel: Channel, classifier: Classifier) -> dict[str, Any]:
    result = channel.result
    if result is None:
        return {"label": "", "probability": 0.0, "status": "", "top": [], "size": None}
    height, width = result.frame_bgr.shape[:2]
    prediction = result.prediction
    return {
        "label": result.label,
        "probability": round(result.probability, 4),
        "status": result.status.value,
        "top": [[label, round(p, 4)] for label, p in prediction.top(TOP)] if prediction else [],
        "size": [width, height],
        "seen": visible_part(classifier.spec, result.region, height, width),
    }


def _accuracy(classifier: Classifier) -> str:
    """Return the model's accuracy on its test set; empty if it was not measured."""
    card = classifier.model.card
    own = (a for a in card.accuracy if (a.form, a.split) == (card.form, "test"))
    return str(next(own, ""))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

"""The care during a course as FHIR R5: questions and answers, alerts, aftercare.

`releases` turns all of it into R4.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from tracker.domain.alerts.alert_life import ANSWERING, Step, Transition
from tracker.domain.alerts.alerts import Alert, Factor, Level
from tracker.domain.course.check_ins import SCALES, SIGNS, CheckIn, Trend
from tracker.domain.people.people import Person
from tracker.domain.protocols.aftercare import ALWAYS, plan_ends
from tracker.domain.protocols.care import CareLine, Heading
from tracker.domain.protocols.protocols import Asks, Protocol
from tracker.domain.protocols.screening import Edition
from tracker.domain.record.codes import (
    BASE,
    CONCERNS,
    OWN,
    PUBLIC_SIGNS,
    Resource,
    code_of,
    concept,
    extension,
    link,
    moment,
    resource,
)
from tracker.domain.record.fhir_people import Export, software, software_id, who
from tracker.domain.record.record import CourseRecord, PatientRecord
from tracker.domain.recovery.evidence_words import sign_words

SEVERITY: Mapping[Level, str] = {
    Level.URGENT: "high",
    Level.REVIEW: "moderate",
    Level.WATCH: "low",
}
SCALE_WORDS: Mapping[str, str] = {
    "pain": "pain, 0 (none) to 10 (worst)",
    "itch": "itching, 0 (none) to 10 (worst)",
    "swelling": "swelling: 0 none, 1 a little, 2 moderate, 3 severe",
}
ANSWERS_TO_ALERTS = ANSWERING | {Step.TAKEN_BACK}
HEADINGS: Mapping[Heading, str] = {Heading.NORMAL: "Normal", Heading.CALL_US: "Call us"}


def care_resources(
    record: PatientRecord, course: CourseRecord, export: Export
) -> Iterator[Resource]:
    """Questions and answers, alerts with what became of them, and the aftercare of one course."""
    protocol = export.protocols.get(course.treatment.kind)
    if protocol is not None:
        if course.check_ins:
            yield _check_in_questions(protocol)
        if course.screenings:
            yield _screening_questions(protocol)
        yield _care_plan(record, course, protocol, export.now)
    for check_in in course.check_ins:
        yield _check_in(record.patient, check_in, protocol)
    for edition in course.screenings[-1:]:
        yield _screening(record, course, edition, protocol)
    for engine in sorted({alert.engine for alert in course.alerts}):
        yield software("judgement", engine)
    for alert in course.alerts:
        yield _alert(record, alert, course.steps.get(alert.id, ()))


def _questionnaire(name: str, protocol: Protocol, items: list[Resource]) -> Resource:
    id_ = f"{name}-{code_of(protocol.kind)}-{protocol.digest}"
    return resource(
        "Questionnaire",
        id_,
        url=f"{BASE}/Questionnaire/{id_}",
        version=protocol.version,
        name=f"Afterglow_{name}_{protocol.kind}".replace("-", "_"),
        title=f"{protocol.title}: {name}",
        status="active",
        subjectType=["Patient"],
        item=items,
    )


def _questions_of(name: str, protocol: Protocol | None) -> str:
    """The address of the questions; a kind that is no longer used has none in the export."""
    if protocol is None:
        return f"{BASE}/Questionnaire/{name}"
    return f"{BASE}/Questionnaire/{name}-{code_of(protocol.kind)}-{protocol.digest}"


def _check_in_questions(protocol: Protocol) -> Resource:
    asked = {each.sign: each.question for each in protocol.check_in}
    items = [
        {**_item(name, SCALE_WORDS[name], "integer"), "extension": _limits(0, top)}
        for name, top in SCALES.items()
    ]
    items += [_item(name, asked.get(name, sign_words(name)), "boolean") for name in SIGNS]
    options = [{"valueCoding": _trend(each)} for each in Trend]
    items.append({**_item("trend", "compared with yesterday", "coding"), "answerOption": options})
    items.append(_item("note", "note", "text"))
    return _questionnaire("check-in", protocol, items)


def _item(name: str, text: str, kind: str) -> Resource:
    known = [PUBLIC_SIGNS[name]] if name in PUBLIC_SIGNS else []
    coding = concept(f"answer_{name}", name.replace("_", " "), *known)["coding"]
    return {"linkId": code_of(name), "code": coding, "text": text, "type": kind}


def _limits(low: int, high: int) -> list[Resource]:
    core = "http://hl7.org/fhir/StructureDefinition"
    return [
        {"url": f"{core}/minValue", "valueInteger": low},
        {"url": f"{core}/maxValue", "valueInteger": high},
    ]


def _trend(trend: Trend) -> Resource:
    return {"system": OWN, "code": f"trend-{trend}", "display": f"trend {trend}"}


def _check_in(patient: Person, check_in: CheckIn, protocol: Protocol | None) -> Resource:
    """Only what was answered: an answer that was left out is no no."""
    given = check_in.answers
    answers: list[tuple[str, Resource]] = [
        (name, {"valueInteger": score})
        for name in SCALES
        if (score := getattr(given, name)) is not None
    ]
    answers += [
        (name, {"valueBoolean": answer})
        for name in SIGNS
        if (answer := getattr(given, name)) is not None
    ]
    if given.trend is not None:
        answers.append(("trend", {"valueCoding": _trend(given.trend)}))
    if given.note:
        answers.append(("note", {"valueString": given.note}))
    received = moment(check_in.received_at, patient.zone)
    told = [extension("received-at", valueDateTime=received)]
    if check_in.is_as_before:
        told.append(extension("as-before", valueBoolean=True))
    return resource(
        "QuestionnaireResponse",
        check_in.id,
        extension=told,
        partOf=[link("Procedure", check_in.treatment_id)],
        questionnaire=_questions_of("check-in", protocol),
        status="completed",
        subject=link("Patient", patient.id),
        authored=moment(check_in.at, patient.zone),
        author=link("Patient", patient.id),
        source=link("Patient", patient.id),
        item=[{"linkId": code_of(name), "answer": [answer]} for name, answer in answers],
    )


def _screening_questions(protocol: Protocol) -> Resource:
    items = [
        {
            "linkId": code_of(each.id),
            "text": each.question,
            "type": "boolean" if each.asks is Asks.YES_NO else "text",
        }
        for each in protocol.screening
    ]
    return _questionnaire("screening", protocol, items)


def _screening(
    record: PatientRecord, course: CourseRecord, edition: Edition, protocol: Protocol | None
) -> Resource:
    """The edition that counts; `done-despite` is why it was done although something warned."""
    said = edition.screening
    told = [extension("warned", valueString=each) for each in said.warned]
    if said.reason:
        told.append(extension("done-despite", valueString=said.reason))
    items = [
        {
            "linkId": code_of(name),
            "answer": [{"valueBoolean" if isinstance(answer, bool) else "valueString": answer}],
        }
        for name, answer in said.answers.items()
        if answer != ""
    ]
    return resource(
        "QuestionnaireResponse",
        f"screening-{course.treatment.id}",
        extension=told,
        partOf=[link("Procedure", course.treatment.id)],
        questionnaire=_questions_of("screening", protocol),
        status="amended" if len(course.screenings) > 1 else "completed",
        subject=link("Patient", record.patient.id),
        authored=moment(said.at, record.patient.zone),
        author=who(record, said.by or record.patient.id),
        source=link("Patient", record.patient.id),
        item=items,
    )


def _alert(record: PatientRecord, alert: Alert, steps: tuple[Transition, ...]) -> Resource:
    """An alert with its evidence, what people answered, and everything else that happened to it.

    Opening and reading are no answers, so they are no mitigation.
    """
    answers = [each for each in steps if each.step in ANSWERS_TO_ALERTS]
    others = [each for each in steps if each.step not in ANSWERS_TO_ALERTS]
    photo = [link("DocumentReference", alert.photo_id)] if alert.photo_id else []
    return resource(
        "DetectedIssue",
        alert.id,
        extension=[*_state(alert, record), *(_step(each, record) for each in others)],
        status="mitigated" if alert.resolved_at is not None else "final",
        code=_concern(alert),
        severity=SEVERITY[alert.level],
        subject=link("Patient", record.patient.id),
        identifiedDateTime=moment(alert.raised_at, record.patient.zone),
        author=link("Device", software_id("judgement", alert.engine)),
        implicated=[link("Procedure", alert.treatment_id), *photo],
        evidence=[_factor(each) for each in alert.evidence],
        detail="; ".join(each.what for each in alert.evidence),
        mitigation=[
            {
                "action": _answer(each),
                "date": moment(each.at, record.patient.zone),
                "author": who(record, each.by),
            }
            for each in answers
        ],
    )


def _concern(alert: Alert) -> Resource:
    others = [CONCERNS[alert.concern]] if alert.concern in CONCERNS else []
    return concept(f"concern_{alert.concern}", alert.concern.words, *others)


def _answer(step: Transition) -> Resource:
    words = step.step.value.replace("_", " ")
    told = f"{words}: {step.why}" if step.why else words
    return concept(f"alert_{step.step}", words, text=told)


def _state(alert: Alert, record: PatientRecord) -> list[Resource]:
    zone = record.patient.zone
    told = [
        extension("alert-stage", valueCode=alert.stage),
        extension("alert-level", valueCode=alert.level),
        extension("protocol", valueString=alert.protocol),
    ]
    if alert.concern.is_estimated:
        told.append(extension("probability", valueDecimal=round(alert.probability, 6)))
    if alert.onset_day is not None:
        told.append(extension("onset-day", valueDecimal=round(alert.onset_day, 6)))
    told += [extension("region", valueCode=code_of(region)) for region in alert.regions]
    if alert.snoozed_until is not None:
        told.append(extension("snoozed-until", valueDateTime=moment(alert.snoozed_until, zone)))
    if alert.call_by is not None:
        told.append(extension("call-by", valueDateTime=moment(alert.call_by, zone)))
    if alert.outcome is not None:
        told.append(extension("outcome", valueCode=alert.outcome))
    return told


def _step(step: Transition, record: PatientRecord) -> Resource:
    """One step that is no answer: who did it is named where it was a person."""
    parts: list[Resource] = [
        {"url": "step", "valueCode": code_of(step.step)},
        {"url": "at", "valueDateTime": moment(step.at, record.patient.zone)},
        {"url": "level", "valueCode": step.level},
    ]
    if step.by is not None:
        parts.append({"url": "by", "valueReference": who(record, step.by)})
    if step.why:
        parts.append({"url": "why", "valueString": step.why})
    return extension("alert-step", extension=parts)


def _factor(factor: Factor) -> Resource:
    told = [
        extension("odds-factor", valueDecimal=round(factor.factor, 6)),
        extension("source", valueCode=code_of(factor.source)),
    ]
    return {"extension": told, "code": [{"text": factor.what}]}


def _care_plan(
    record: PatientRecord, course: CourseRecord, protocol: Protocol, now: datetime
) -> Resource:
    treatment, patient = course.treatment, record.patient
    first = patient.date_at(treatment.performed_at)
    last = first + timedelta(days=plan_ends(protocol))
    over, variant, depth = patient.date_at(now) > last, treatment.variant, treatment.needle_depth_mm
    lines = [
        (heading, line)
        for heading in Heading
        for line in protocol.aftercare[heading]
        if line.holds(line.first_day, variant, depth)
    ]
    if treatment.is_withdrawn:
        status = "entered-in-error"
    elif treatment.ending is not None:
        status = "revoked"
    elif treatment.performed_at > now:
        status = "draft"
    else:
        status = "completed" if over else "active"
    contained = [
        _advice(patient, f"{heading}-{number}", heading, line.words, _dates(line, first))
        for number, (heading, line) in enumerate(lines, 1)
        if heading in {Heading.DO, Heading.AVOID}
    ]
    return _plan(
        patient,
        f"care-{treatment.id}",
        status,
        contained,
        title=f"Aftercare: {protocol.title}",
        period={"start": first.isoformat(), "end": last.isoformat()},
        supportingInfo=[link("Procedure", treatment.id)],
        note=[
            {"text": f"{HEADINGS[heading]} ({_days(line)}): {line.words}"}
            for heading, line in lines
            if heading in HEADINGS
        ],
    )


def own_lines(record: PatientRecord) -> Iterator[Resource]:
    """The lines of aftercare for this patient alone, each a plan; those withdrawn are revoked."""
    for line, ended_at in record.care_lines:
        dates = _period(line.first_date, line.last_date)
        acts = line.heading in {Heading.DO, Heading.AVOID}
        note = [] if acts else [{"text": f"{HEADINGS[line.heading]}: {line.line}"}]
        asked = [_advice(record.patient, "line", line.heading, line.line, dates)] if acts else []
        yield _plan(
            record.patient,
            f"line-{line.id}",
            "active" if ended_at is None else "revoked",
            asked,
            title="Aftercare for this patient",
            period=dates,
            created=moment(line.added_at, record.patient.zone),
            custodian=who(record, line.added_by),
            note=note,
        )


def _plan(
    patient: Person, id_: str, status: str, contained: list[Resource], **parts: object
) -> Resource:
    return resource(
        "CarePlan",
        id_,
        contained=contained,
        status=status,
        intent="plan",
        category=[concept("aftercare")],
        subject=link("Patient", patient.id),
        activity=[{"plannedActivityReference": {"reference": f"#{x['id']}"}} for x in contained],
        **parts,
    )


def _advice(patient: Person, id_: str, heading: Heading, words: str, dates: Resource) -> Resource:
    """Something to do, or with `doNotPerform` not to do; whether it was done is not known."""
    return resource(
        "ServiceRequest",
        id_,
        status="unknown",
        intent="plan",
        doNotPerform=True if heading is Heading.AVOID else None,
        code={"concept": {"text": words}},
        subject=link("Patient", patient.id),
        occurrencePeriod=dates,
    )


def _dates(line: CareLine, first: date) -> Resource:
    begins = first + timedelta(days=line.first_day)
    if line.last_day is None:
        return {"start": begins.isoformat()}
    return _period(begins, first + timedelta(days=line.last_day))


def _period(first: date, last: date) -> Resource:
    end = {} if last == ALWAYS else {"end": last.isoformat()}
    return {"start": first.isoformat(), **end}


def _days(line: CareLine) -> str:
    if line.last_day is None:
        return f"from day {line.first_day}"
    if line.first_day == line.last_day:
        return f"day {line.first_day}"
    return f"day {line.first_day} to {line.last_day}"

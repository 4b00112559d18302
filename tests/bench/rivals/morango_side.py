# mypy: ignore-errors
# ruff: noqa: ARG002
"""Either side of a morango sync, the least that its documentation asks for. It has an environment of its own.

morango_side.py serve FOLDER | push FOLDER URL RECORDS | count FOLDER
"""

import json
import sys
import time
from pathlib import Path

import django
from django.conf import settings

PROFILE = "bench"
FOLDER = Path(sys.argv[2])


class Everybody:
    """Signs in whoever asks, for every scope."""

    def authenticate(self, request, **credentials):
        return Anybody()


class Anybody:
    is_active = True

    def has_morango_certificate_scope_permission(self, definition, parameters):
        return True


settings.configure(
    SECRET_KEY="for a benchmark",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FOLDER / "morango.sqlite3")}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "mptt", "morango"],
    AUTHENTICATION_BACKENDS=["__main__.Everybody"],
    MIDDLEWARE=[],
    ROOT_URLCONF="morango.urls",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
    ALLOWED_HOSTS=["127.0.0.1"],
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from morango.models.certificates import Certificate, Filter, ScopeDefinition  # noqa: E402
from morango.models.core import Store, SyncableModel  # noqa: E402
from morango.registry import syncable_models  # noqa: E402
from morango.sync.controller import MorangoProfileController  # noqa: E402


class Row(SyncableModel):
    """One record; what differs from type to type is JSON."""

    morango_model_name = "row"
    morango_profile = PROFILE

    county = models.CharField(max_length=32)
    type = models.CharField(max_length=20)
    person = models.CharField(max_length=32)
    fields = models.TextField()

    class Meta:
        app_label = "auth"

    def calculate_source_id(self, *_):
        return self._morango_source_id

    def calculate_partition(self, *_):
        return self.county


def prepare():
    """Tables, the model that is synced, and what may be."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    syncable_models.profile_models[PROFILE] = {"row": Row}
    syncable_models.models_ready[PROFILE] = True
    ScopeDefinition.objects.create(
        id="all",
        profile=PROFILE,
        version=1,
        primary_scope_param_key="county",
        description="",
        read_filter_template="",
        write_filter_template="",
        read_write_filter_template="${county}",
    )


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


def serve():
    Certificate.generate_root_certificate("all")
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}/"}), flush=True)
    server.serve_forever()


def push(url, records):
    network = MorangoProfileController(PROFILE).create_network_connection(url)
    (root,) = network.get_remote_certificates(None)
    parameters = {"county": json.loads(root.scope_params)["county"]}
    certificate = network.certificate_signing_request(root, "all", parameters, userargs="u", password="p")
    session = network.create_sync_session(certificate, root)
    given = json.loads(Path(records).read_text("utf-8"))
    begin = time.perf_counter()
    rows = []
    for one in given:
        source, kind, person = one.pop("id"), one.pop("type"), one.pop("person")
        fields = json.dumps(one, ensure_ascii=False, separators=(",", ":"))
        row = Row(county=parameters["county"], type=kind, person=person, fields=fields)
        row._morango_partition, row._morango_source_id = row.calculate_partition(), source
        row.id = row.calculate_uuid()
        rows.append(row)
    Row.objects.bulk_create(rows)
    saved, used = time.perf_counter(), time.process_time()
    session.initiate_push(Filter(parameters["county"]))
    pushed, spent = time.perf_counter(), time.process_time()
    assert Store.objects.count() == len(given)
    result = {"save_seconds": saved - begin, "push_seconds": pushed - saved, "processor_seconds": spent - used}
    print(json.dumps(result))


if sys.argv[1] == "count":
    print(Store.objects.count())
else:
    prepare()
    serve() if sys.argv[1] == "serve" else push(*sys.argv[3:])

"""What a visitor's browser tells the server of a component; anybody can send anything."""

import json

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest


def send(app: AppTest, component: str, name: str, value: object, is_state: bool) -> AppTest:
    """Runs the page again as after a `setStateValue(name, value)`, or a `setTriggerValue`, of the one component."""
    [to] = [found.proto.id for found in app.get("bidi_component") if found.proto.component_name == component]
    if is_state:
        return send_raw(app, to, json_value=json.dumps({name: value}))
    return send_raw(
        app, f"$$STREAMLIT_INTERNAL_KEY_{to}__events", json_trigger_value=json.dumps([{"event": name, "value": value}])
    )


def send_raw(app: AppTest, widget: str, **value: str) -> AppTest:
    """The same, with the text of the message as it is on its way."""
    states = app._tree.get_widget_states()
    states.widgets.append(WidgetState(id=widget, **value))
    return app._run(states)

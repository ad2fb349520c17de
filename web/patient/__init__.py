"""What a patient sees and sends."""

from web.patient import conversation, home_care, own_data, pictures, routes

blueprints = (
    conversation.blueprint,
    home_care.blueprint,
    own_data.blueprint,
    pictures.blueprint,
    routes.blueprint,
)
